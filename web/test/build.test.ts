import { expect, test } from 'vitest'
import { buildQuery, findSelector, narrow, soughtWords, toLogql } from '../src/query/build'

const NONE = { labels: {}, levels: [] }

test.each([
  ['', '{job=~".+"}'],
  ['  ', '{job=~".+"}'],
  ['drop table', '{job=~".+"} |= "drop table"'],
  ['say "hi" \\ there', '{job=~".+"} |= "say \\"hi\\" \\\\ there"'],
  [' {job="a"} |= "x" ', '{job="a"} |= "x"'],
])('typed %j asks %j', (typed, asked) => {
  expect(toLogql(typed)).toBe(asked)
})

test.each([
  ['', { labels: { job: 'database', host: '' }, levels: [] }, '{job="database"}'],
  ['', { labels: {}, levels: ['error'] }, '{job=~".+"} | detected_level=~"error|critical|fatal"'],
  ['', { labels: {}, levels: ['info'] }, '{job=~".+"} | detected_level="info"'],
  ['', { labels: {}, levels: ['error', 'warn', 'info', 'debug', 'other'] }, '{job=~".+"}'],
  ['oops', { labels: { job: 'app' }, levels: ['info'] }, '{job="app"} | detected_level="info" |= "oops"'],
  ['{job=~"a|b", x="}"} | json', { labels: { host: 'w"1' }, levels: [] }, '{host="w\\"1", job=~"a|b", x="}"} | json'],
  ['{} |= "x"', { labels: { job: 'a' }, levels: [] }, '{job="a"} |= "x"'],
  ['{job="a"} |= `{`', { labels: {}, levels: ['info'] }, '{job="a"} | detected_level="info" |= `{`'],
  ['sum(rate({job="a"} |= "x" [5m]))', { labels: { host: 'h' }, levels: [] }, 'sum(rate({host="h", job="a"} |= "x" [5m]))'],
])('%j with %j asks %j', (typed, filters, asked) => {
  expect(buildQuery(typed, filters)).toBe(asked)
})

test('a broken query is passed on as it is, for the server to explain', () => {
  expect(buildQuery('{job="a', { labels: { job: 'b' }, levels: ['info'] })).toBe('{job="a')
})

test.each([
  ['', 'user', 'mira', true, false, '{job=~".+"} | user="mira"'],
  ['', 'user', 'mira', false, false, '{job=~".+"} | user!="mira"'],
  ['', 'job', 'app', true, true, '{job=~".+", job="app"}'],
  ['{job="a"} | user="mira"', 'user', 'mira', true, false, '{job="a"} | user="mira"'],
  ['words', 'statement', 'a "b"\n', true, false, '{job=~".+"} |= "words" | statement="a \\"b\\"\\n"'],
])('%j narrowed by %s %j (keep %s, stream label %s) becomes %j', (typed, name, value, keep, stream, asked) => {
  expect(narrow(typed, name, value, keep, stream)).toBe(asked)
})

test('a name that LogQL cannot say is not asked for', () => {
  expect(narrow('', 'http.status', '200', true, false)).toBeNull()
})

test('the selector is found past braces in strings', () => {
  const query = 'x("}{") {a="}"} |= "{"'
  const found = findSelector(query)
  expect(found && query.slice(found.open, found.close + 1)).toBe('{a="}"}')
  expect(buildQuery('', NONE)).toBe('{job=~".+"}')
})

test('words looked for are known for marking', () => {
  expect(soughtWords('{a="b"} |= "x \\"y\\"" != "no" |= `raw` |~ "re"')).toEqual(['x "y"', 'raw'])
})
