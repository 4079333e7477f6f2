// From what the reader typed and chose to the LogQL the server is asked. Knows quoting and where a selector
// ends, not the language: a mistake in the query is the server's to explain.
import { LEVEL_GROUPS } from '../logs/level'

export const EVERYTHING = '{job=~".+"}'
const NAME = /^[a-zA-Z_][a-zA-Z0-9_]*$/

export function quote(text: string): string {
  return JSON.stringify(text)
}

/** Words become a line filter over everything; what has a `{` is taken for LogQL. */
export function toLogql(text: string): string {
  const typed = text.trim()
  if (typed === '') return EVERYTHING
  return typed.includes('{') ? typed : `${EVERYTHING} |= ${quote(typed)}`
}

export interface Filters {
  readonly labels: Readonly<Record<string, string>>
  readonly levels: readonly string[]
}

export function buildQuery(text: string, filters: Filters): string {
  let query = toLogql(text)
  const selector = findSelector(query)
  if (!selector) return query
  const levels = levelFilter(filters.levels)
  if (levels) query = insert(query, selector.close + 1, ` | ${levels}`)
  const wanted = Object.entries(filters.labels).filter(([, value]) => value !== '')
  if (wanted.length === 0) return query
  const matchers = wanted.map(([name, value]) => `${name}=${quote(value)}`)
  const inside = query.slice(selector.open + 1, selector.close).trim()
  // "Any job" says nothing beside a chosen one.
  const kept = inside === '' || inside === EVERYTHING.slice(1, -1) ? [] : [inside]
  return `${query.slice(0, selector.open)}{${[...matchers, ...kept].join(', ')}}${query.slice(selector.close + 1)}`
}

function levelFilter(ids: readonly string[]): string {
  const chosen = LEVEL_GROUPS.filter((group) => ids.includes(group.id))
  if (chosen.length === 0 || chosen.length === LEVEL_GROUPS.length) return ''
  const values = chosen.flatMap((group) => group.values)
  return values.length === 1 ? `detected_level=${quote(values[0] ?? '')}` : `detected_level=~${quote(values.join('|'))}`
}

/** The query narrowed to lines with, or without, one value of one label; null when the name cannot be asked for. */
export function narrow(text: string, name: string, value: string, keep: boolean, isStreamLabel: boolean): string | null {
  if (!NAME.test(name)) return null
  const query = toLogql(text)
  const matcher = `${name}${keep ? '=' : '!='}${quote(value)}`
  const selector = findSelector(query)
  if (!isStreamLabel || !selector) return query.includes(matcher) ? query : `${query} | ${matcher}`
  const inside = query.slice(selector.open + 1, selector.close).trim()
  if (inside.includes(matcher)) return query
  return `${query.slice(0, selector.open)}{${inside ? `${inside}, ` : ''}${matcher}}${query.slice(selector.close + 1)}`
}

/** Words the query looks for, so that they can be marked in the lines. */
export function soughtWords(query: string): string[] {
  const words: string[] = []
  for (const [, quoted, raw] of query.matchAll(/\|=\s*(?:("(?:[^"\\]|\\.)*")|`([^`]*)`)/g)) {
    const word = raw ?? unquote(quoted ?? '""')
    if (word) words.push(word)
  }
  return words
}

function unquote(quoted: string): string {
  try {
    return JSON.parse(quoted) as string
  } catch {
    return ''
  }
}

/** Where the first stream selector stands, braces inside strings not counted. */
export function findSelector(query: string): { open: number; close: number } | null {
  let open = -1
  for (let i = 0; i < query.length; i++) {
    const char = query[i]
    if (char === '"' || char === '`') i = skipString(query, i)
    else if (char === '{' && open < 0) open = i
    else if (char === '}' && open >= 0) return { open, close: i }
  }
  return null
}

function skipString(query: string, start: number): number {
  const end = query[start]
  for (let i = start + 1; i < query.length; i++) {
    if (query[i] === '\\' && end === '"') i++
    else if (query[i] === end) return i
  }
  return query.length
}

function insert(text: string, at: number, piece: string): string {
  return text.slice(0, at) + piece + text.slice(at)
}
