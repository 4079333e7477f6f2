// The address bar is the state: everything that decides what is shown can be read from it and written to it.
import { LEVEL_GROUPS } from '../logs/level'
import { DEFAULT_RANGE, isSpan, type Range } from './range'

export type View = 'logs' | 'findings'

export interface ViewState {
  readonly view: View
  readonly query: string
  readonly range: Range
  readonly job: string
  readonly host: string
  readonly levels: readonly string[]
  readonly utc: boolean
  /** Words the findings must contain. */
  readonly word: string
  readonly sort: 'danger' | 'newest'
}

export function parseState(search: string, hash: string): ViewState {
  const params = new URLSearchParams(search)
  const levels = (params.get('level') ?? '').split(',')
  return {
    view: hash === '#findings' ? 'findings' : 'logs',
    query: params.get('q') ?? '',
    range: parseRange(params),
    job: params.get('job') ?? '',
    host: params.get('host') ?? '',
    levels: LEVEL_GROUPS.map((group) => group.id).filter((id) => levels.includes(id)),
    utc: params.get('tz') === 'utc',
    word: params.get('word') ?? '',
    sort: params.get('sort') === 'newest' ? 'newest' : 'danger',
  }
}

function parseRange(params: URLSearchParams): Range {
  const fromMs = Date.parse(params.get('from') ?? '')
  const toMs = Date.parse(params.get('to') ?? '')
  if (!Number.isNaN(fromMs) && !Number.isNaN(toMs) && fromMs < toMs) return { kind: 'fixed', fromMs, toMs }
  const span = params.get('range') ?? ''
  return isSpan(span) ? { kind: 'last', span } : DEFAULT_RANGE
}

/** The query string and fragment of a state; what is as usual is left out. */
export function formatState(state: ViewState): string {
  const params = new URLSearchParams()
  if (state.query) params.set('q', state.query)
  if (state.range.kind === 'fixed') {
    params.set('from', new Date(state.range.fromMs).toISOString())
    params.set('to', new Date(state.range.toMs).toISOString())
  } else if (DEFAULT_RANGE.kind === 'last' && state.range.span !== DEFAULT_RANGE.span) {
    params.set('range', state.range.span)
  }
  if (state.job) params.set('job', state.job)
  if (state.host) params.set('host', state.host)
  if (state.levels.length > 0) params.set('level', state.levels.join(','))
  if (state.utc) params.set('tz', 'utc')
  if (state.word) params.set('word', state.word)
  if (state.sort !== 'danger') params.set('sort', state.sort)
  const search = params.toString()
  return `${search ? `?${search}` : ''}${state.view === 'findings' ? '#findings' : ''}`
}
