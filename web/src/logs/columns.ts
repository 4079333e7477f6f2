// Who, where and what of a line, in the few words that fit a column.
import { attribute, type LineRow } from './row'

export interface Who {
  readonly text: string
  /** A person is proven by the line itself; an account is only a name that may be shared. */
  readonly kind: 'person' | 'account' | 'none'
}

export function who(row: LineRow): Who {
  const person = attribute(row, 'person')
  if (person) return { text: person, kind: 'person' }
  const user = attribute(row, 'user')
  return user ? { text: user, kind: 'account' } : { text: '', kind: 'none' }
}

export function where(row: LineRow): string {
  const place = attribute(row, 'db') || attribute(row, 'container') || attribute(row, 'host')
  return [attribute(row, 'client'), place].filter(Boolean).join(' › ')
}

export interface What {
  readonly operation: string
  readonly object: string
  readonly danger: boolean
}

const DANGEROUS = /^(TRUNCATE|DROP\b|DELETE|ALTER (ROLE|USER|SYSTEM)|REVOKE|GRANT|login_failed|ban)/

export function what(row: LineRow): What {
  const operation = attribute(row, 'operation')
  const status = attribute(row, 'status')
  const object = attribute(row, 'table') || (operation && status ? status : '')
  return { operation, object, danger: DANGEROUS.test(operation) }
}
