// A finding in one plain sentence, and which finding is worse.
import type { Alternative, Attribution, Finding, Outcome, Verdict } from '../api/types'

export interface Sentence {
  readonly who: string
  readonly did: string
  readonly object: string
  readonly rest: string
}

const HOW_SURE: Record<Verdict, string> = {
  proven: '',
  strong: 'Almost certainly ',
  likely: 'Probably ',
  weak: 'Perhaps ',
  ambiguous: '',
  unknown: '',
}

export function alternativeName(alternative: Alternative): string {
  return typeof alternative === 'string' ? alternative : (alternative.name ?? alternative.id ?? 'someone')
}

export function subject(person: Attribution | null): string {
  const name = person?.name ?? person?.id
  if (person && name && person.verdict !== 'ambiguous') return `${HOW_SURE[person.verdict] ?? ''}${name}`
  const others = (person?.alternatives ?? []).map(alternativeName)
  if (others.length > 1) return `Either ${others.slice(0, -1).join(', ')} or ${others.at(-1)}`
  return 'Somebody not yet known'
}

/** [what was done, what was only tried] */
const VERBS: Record<string, readonly [string, string]> = {
  TRUNCATE: ['emptied', 'empty'],
  DELETE: ['deleted rows of', 'delete rows of'],
  UPDATE: ['changed rows of', 'change rows of'],
  GRANT: ['granted rights on', 'grant rights on'],
  REVOKE: ['revoked rights on', 'revoke rights on'],
}

function verbs(operation: string): readonly [string, string] {
  const known = VERBS[operation.toUpperCase()]
  if (known) return known
  const [first = '', ...rest] = operation.toLowerCase().split(' ')
  const thing = rest.join(' ')
  if (first === 'drop') return [`dropped ${thing}`.trim(), `drop ${thing}`.trim()]
  if (first === 'alter') return [`altered ${thing}`.trim(), `alter ${thing}`.trim()]
  return [`ran ${operation} on`, `run ${operation} on`]
}

export function sentence(finding: Finding): Sentence {
  const [done, tried] = verbs(finding.operation)
  const took = finding.outcome === 'completed' || finding.outcome === 'rolled_back'
  const rest = [
    finding.database ? `in ${finding.database}` : '',
    finding.account ? `as ${finding.account}` : '',
    finding.client ? `from ${finding.client}` : '',
  ]
  return {
    who: subject(finding.person),
    did: took ? done : finding.outcome === 'failed' ? `tried to ${tried}` : `asked to ${tried}`,
    object: finding.object ?? '',
    rest: rest.filter(Boolean).join(' '),
  }
}

export const OUTCOME_WORDS: Record<Outcome, string> = {
  completed: 'Took effect',
  failed: 'Failed',
  rolled_back: 'Rolled back',
  unknown: 'Outcome not known',
}

export const VERDICT_WORDS: Record<Verdict, string> = {
  proven: 'Proven',
  strong: 'Strong evidence',
  likely: 'Likely',
  weak: 'Weak evidence',
  ambiguous: 'More than one person fits',
  unknown: 'Person not known',
}

/** Destroyed data weighs most; what failed or was undone weighs less than what stood. */
export function danger(finding: Finding): number {
  const operation = finding.operation.toUpperCase()
  const base = /^(TRUNCATE|DROP (TABLE|DATABASE|SCHEMA|OWNED))/.test(operation)
    ? 3
    : /^(DELETE|DROP|UPDATE)/.test(operation)
      ? 2
      : 1
  const weight: Record<Outcome, number> = { completed: 1, unknown: 0.9, rolled_back: 0.3, failed: 0.25 }
  return base * (weight[finding.outcome] ?? 0.9)
}

export function ordered(list: readonly Finding[], by: 'danger' | 'newest'): Finding[] {
  const newest = (a: Finding, b: Finding): number => Date.parse(b.at) - Date.parse(a.at)
  return [...list].sort(by === 'newest' ? newest : (a, b) => danger(b) - danger(a) || newest(a, b))
}

/** The kinds of evidence (src/whodid/investigate/weights.py) as a reader would say them. */
const EVIDENCE: Record<string, string> = {
  authenticated_identity: 'The database itself checked who it was',
  personal_role: 'The database role belongs to one person',
  ssh_key_same_address: 'Their SSH key came from the same address',
  ssh_key_same_address_open: 'Their SSH key came from the same address earlier and no logout is known',
  ssh_key_same_address_earlier: 'Their SSH key came from the same address at another time',
  ssh_account_same_address: 'Their SSH account came from the same address',
  address_of_one_person: 'The address is listed for one person only',
  address_range_of_one_person: 'The address lies in a range listed for one person',
  address_of_several: 'The address is listed for several people',
}

export function evidenceWords(kind: string): string {
  return EVIDENCE[kind] ?? kind.replaceAll('_', ' ')
}
