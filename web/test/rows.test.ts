import { expect, test } from 'vitest'
import { errorText } from '../src/api/client'
import { what, where, who } from '../src/logs/columns'
import { levelMark } from '../src/logs/level'
import { attribute, msToNs, nsToMs, rowsOf, type LineRow } from '../src/logs/row'
import { oneLine, segments, visible } from '../src/logs/visible'

const row = (meta: Record<string, string>, stream: Record<string, string> = {}): LineRow =>
  rowsOf([{ stream, values: [['1700000000123456789', 'line', { structuredMetadata: meta }]] }])[0] as LineRow

test('streams become rows in order of time, whatever their order was', () => {
  const rows = rowsOf([
    { stream: { a: '1' }, values: [['300', 'c'], ['100', 'a']] },
    { stream: { a: '2' }, values: [['200', 'b', { parsed: { p: 'q' } }]] },
  ])
  expect(rows.map((r) => r.line)).toEqual(['a', 'b', 'c'])
  expect(rows[1]?.parsed).toEqual({ p: 'q' })
})

test('ids rise down the list, also past rows that came before', () => {
  const newer = rowsOf([{ stream: {}, values: [['5', 'x'], ['6', 'y']] }])
  const older = rowsOf([{ stream: {}, values: [['1', 'a'], ['2', 'b']] }], 'older')
  const ids = [...older, ...newer].map((r) => r.id)
  expect(ids).toEqual([...ids].sort((a, b) => a - b))
  expect(new Set(ids).size).toBe(4)
})

test('nanoseconds keep every digit and give milliseconds', () => {
  expect(nsToMs('1700000000123456789')).toBe(1700000000123)
  expect(msToNs(1700000000123)).toBe('1700000000123000000')
})

test('metadata folded into the stream is found as well', () => {
  expect(attribute(row({}, { user: 'mira' }), 'user')).toBe('mira')
})

test('who is the proven person, else the account', () => {
  expect(who(row({ person: 'noa', user: 'shop_rw' }))).toEqual({ text: 'noa', kind: 'person' })
  expect(who(row({ user: 'shop_rw' }))).toEqual({ text: 'shop_rw', kind: 'account' })
  expect(who(row({})).kind).toBe('none')
})

test('where is the address and the nearest place', () => {
  expect(where(row({ client: '10.0.0.1', db: 'shop' }, { host: 'db1' }))).toBe('10.0.0.1 › shop')
  expect(where(row({}, { host: 'web1' }))).toBe('web1')
})

test.each([
  ['TRUNCATE', true],
  ['DROP TABLE', true],
  ['login_failed', true],
  ['SELECT', false],
  ['login', false],
])('%s is dangerous: %s', (operation, danger) => {
  expect(what(row({ operation, table: 't' }))).toEqual({ operation, object: 't', danger })
})

test('a level is a letter, never only a colour', () => {
  expect(['fatal', 'ERROR', 'warning', 'info', 'trace', 'strange', ''].map((level) => levelMark(level).letter).join('')).toBe('FEWIT··')
})

test('characters that hide or reorder text are shown', () => {
  expect(visible('a\u202eb\u0000c\u001b[31m\u200bd')).toBe('a⟨U+202E⟩b␀c␛[31m⟨U+200B⟩d')
  expect(visible('tab\tand\nbreak שלום')).toBe('tab\tand\nbreak שלום')
  expect(oneLine('a\r\n  b')).toBe('a ⏎ b')
  expect(oneLine('x'.repeat(9000)).length).toBeLessThan(2100)
})

test('segments put together are the text', () => {
  const parts = segments('a DROP b DROP', ['DROP', 'b'])
  expect(parts.map((part) => part.text).join('')).toBe('a DROP b DROP')
  expect(parts.filter((part) => part.hit).map((part) => part.text)).toEqual(['DROP', 'b', 'DROP'])
  expect(segments('', ['x'])).toEqual([])
})

test('errors are read from text and from JSON', () => {
  expect(errorText('parse error at line 1, col 5\n')).toBe('parse error at line 1, col 5')
  expect(errorText('{"status":"error","error":"bad data"}')).toBe('bad data')
  expect(errorText('{not json')).toBe('{not json')
})
