// Every request the dashboard makes. Addresses are relative to the page, so any base path works.
import type { Alert, Finding, QueryAnswer, WireStream } from './types'

/** The server said no; `message` is what it said, unchanged. */
export class ServerError extends Error {
  constructor(
    message: string,
    readonly status: number,
  ) {
    super(message)
    this.name = 'ServerError'
  }
}

export function address(path: string, params: Record<string, string> | [string, string][] = {}): URL {
  const url = new URL(path, document.baseURI)
  url.search = new URLSearchParams(params).toString()
  url.hash = ''
  return url
}

async function getJson<T>(url: URL, signal?: AbortSignal, headers: Record<string, string> = {}): Promise<T> {
  let response: Response
  try {
    response = await fetch(url, { headers: { Accept: 'application/json', ...headers }, signal: signal ?? null })
  } catch (error) {
    if (signal?.aborted) throw error
    throw new ServerError('The server cannot be reached. Is `whodid server` running?', 0)
  }
  const body = await response.text()
  if (!response.ok) throw new ServerError(errorText(body) || `${response.status} ${response.statusText}`, response.status)
  try {
    return JSON.parse(body) as T
  } catch {
    throw new ServerError('The server’s answer is not JSON. Is this address really whodid?', response.status)
  }
}

/** Loki answers errors as plain text, Prometheus' endpoints as JSON; either way the reader gets the sentence. */
export function errorText(body: string): string {
  const text = body.trim()
  if (!text.startsWith('{')) return text
  try {
    const json = JSON.parse(text) as { error?: unknown; message?: unknown }
    return String(json.error ?? json.message ?? text)
  } catch {
    return text
  }
}

export interface LineQuery {
  query: string
  startNs: string
  endNs: string
  limit: number
}

export interface LineAnswer {
  streams: readonly WireStream[]
  warnings: readonly string[]
}

/** The newest lines of a span. */
export async function queryLines(ask: LineQuery, signal?: AbortSignal): Promise<LineAnswer> {
  const url = address('loki/api/v1/query_range', {
    query: ask.query,
    start: ask.startNs,
    end: ask.endNs,
    limit: String(ask.limit),
    direction: 'backward',
  })
  const answer = await getJson<QueryAnswer>(url, signal, { 'X-Loki-Response-Encoding-Flags': 'categorize-labels' })
  if (answer.data.resultType !== 'streams') {
    throw new ServerError('This query counts instead of listing lines. Ask it with `whodid query`, or in Grafana.', 200)
  }
  return { streams: answer.data.result, warnings: answer.warnings ?? [] }
}

/** `resumeSeq`: the last commit seen, from which whodid carries on exactly; without it the tail begins at `startNs`. */
export function tailAddress(query: string, startNs: string, limit: number, resumeSeq: string): URL {
  const params: Record<string, string> = { query, limit: String(limit), start: startNs, categorize: '1' }
  if (resumeSeq) params.resume = resumeSeq
  const url = address('loki/api/v1/tail', params)
  url.protocol = url.protocol === 'https:' ? 'wss:' : 'ws:'
  return url
}

export async function labelNames(): Promise<readonly string[]> {
  const answer = await getJson<{ data?: readonly string[] | null }>(address('loki/api/v1/labels'))
  return answer.data ?? []
}

export async function labelValues(name: string): Promise<readonly string[]> {
  const answer = await getJson<{ data?: readonly string[] | null }>(
    address(`loki/api/v1/label/${encodeURIComponent(name)}/values`),
  )
  return answer.data ?? []
}

export async function findings(params: [string, string][], signal?: AbortSignal): Promise<readonly Finding[]> {
  return (await getJson<{ findings: readonly Finding[] }>(address('whodid/api/v1/findings', params), signal)).findings
}

export async function alerts(): Promise<readonly Alert[]> {
  return (await getJson<{ data: { alerts: readonly Alert[] } }>(address('prometheus/api/v1/alerts'))).data.alerts
}
