// The span of time looked at: the last so-and-so much, or from one instant to another.

export type Range =
  | { readonly kind: 'last'; readonly span: Span }
  | { readonly kind: 'fixed'; readonly fromMs: number; readonly toMs: number }

export const SPANS = ['15m', '1h', '6h', '24h', '7d'] as const
export type Span = (typeof SPANS)[number]

const SPAN_MS: Record<Span, number> = {
  '15m': 15 * 60_000,
  '1h': 3_600_000,
  '6h': 6 * 3_600_000,
  '24h': 24 * 3_600_000,
  '7d': 7 * 24 * 3_600_000,
}
const SPAN_WORDS: Record<Span, string> = {
  '15m': 'the last 15 minutes',
  '1h': 'the last hour',
  '6h': 'the last 6 hours',
  '24h': 'the last 24 hours',
  '7d': 'the last 7 days',
}

export const DEFAULT_RANGE: Range = { kind: 'last', span: '1h' }

export function isSpan(text: string): text is Span {
  return (SPANS as readonly string[]).includes(text)
}

export function bounds(range: Range, nowMs: number): { fromMs: number; toMs: number } {
  if (range.kind === 'fixed') return { fromMs: range.fromMs, toMs: range.toMs }
  return { fromMs: nowMs - SPAN_MS[range.span], toMs: nowMs }
}

/** The parameters by which the findings of the same span are asked for, each word one of its own. */
export function findingParams(range: Range, word: string): [string, string][] {
  const words = word.split(/\s+/).filter(Boolean)
  const span: [string, string][] =
    range.kind === 'last'
      ? [['since', range.span]]
      : [
          ['start', new Date(range.fromMs).toISOString()],
          ['end', new Date(range.toMs).toISOString()],
        ]
  return [...span, ...words.map((each): [string, string] => ['word', each])]
}

export function rangeWords(range: Range): string {
  return range.kind === 'last' ? SPAN_WORDS[range.span] : 'the chosen time'
}
