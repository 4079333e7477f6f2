import { expect, test } from 'vitest'
import { bounds, findingParams } from '../src/state/range'
import { formatState, parseState, type ViewState } from '../src/state/url'

const parse = (address: string): ViewState => {
  const url = new URL(address, 'http://x/logs/')
  return parseState(url.search, url.hash)
}

test('an empty address is the usual state, and the usual state an empty address', () => {
  const usual = parse('')
  expect(usual).toMatchObject({ view: 'logs', query: '', job: '', levels: [], utc: false, range: { kind: 'last', span: '1h' } })
  expect(formatState(usual)).toBe('')
})

test.each([
  '?q=%7Bjob%3D%22a+b%22%7D+%7C%3D+%22x%26y%23z%22',
  '?range=7d&job=database&host=db1&level=error,warn&tz=utc',
  '?from=2026-01-02T03:04:05.000Z&to=2026-01-02T04:00:00.000Z#findings',
  '?word=orders&sort=newest#findings',
])('%s survives reading and writing', (address) => {
  const state = parse(address)
  expect(parse(formatState(state))).toEqual(state)
  expect(formatState(state)).not.toBe('')
})

test.each([
  ['?range=3years', 'an unknown span'],
  ['?from=2026-01-02T00:00:00Z', 'a span without an end'],
  ['?from=2026-01-02T00:00:00Z&to=2026-01-01T00:00:00Z', 'an end before its start'],
  ['?from=soon&to=later', 'no instants'],
])('%s (%s) falls back to the usual span', (address) => {
  expect(parse(address).range).toEqual({ kind: 'last', span: '1h' })
})

test('levels that do not exist are left out, the others put in order', () => {
  expect(parse('?level=info,loud,error').levels).toEqual(['error', 'info'])
})

test('a relative span ends now', () => {
  expect(bounds({ kind: 'last', span: '15m' }, 1_000_000)).toEqual({ fromMs: 100_000, toMs: 1_000_000 })
})

test('findings are asked for the same span, word by word', () => {
  expect(findingParams({ kind: 'last', span: '24h' }, ' drop  orders ')).toEqual([
    ['since', '24h'],
    ['word', 'drop'],
    ['word', 'orders'],
  ])
  expect(findingParams({ kind: 'fixed', fromMs: 0, toMs: 1000 }, '')).toEqual([
    ['start', '1970-01-01T00:00:00.000Z'],
    ['end', '1970-01-01T00:00:01.000Z'],
  ])
})
