// Shapes of what the server sends, exactly as they come over the wire.

export type Labels = Readonly<Record<string, string>>

/** The third member of an entry when the server keeps kinds of labels apart (`categorize-labels`). */
export interface EntryExtras {
  structuredMetadata?: Labels
  parsed?: Labels
}

export type WireEntry = readonly [ns: string, line: string] | readonly [ns: string, line: string, extras: EntryExtras]

export interface WireStream {
  stream: Labels
  values: readonly WireEntry[]
}

export interface QueryAnswer {
  status: string
  warnings?: readonly string[]
  data: { resultType: string; result: readonly WireStream[] }
}

export interface TailFrame {
  /** Up to which commit this reader has now seen everything; Loki itself does not say. */
  seq?: string
  streams?: readonly WireStream[] | null
  dropped_entries?: readonly unknown[] | null
}

export type Outcome = 'completed' | 'failed' | 'rolled_back' | 'unknown'
export type Verdict = 'proven' | 'strong' | 'likely' | 'weak' | 'ambiguous' | 'unknown'

export interface Evidence {
  kind: string
  at?: string | null
  line?: string | null
}

export type Alternative = string | { id?: string | null; name?: string | null; because?: readonly Evidence[] }

export interface Attribution {
  id: string | null
  name: string | null
  verdict: Verdict
  because: readonly Evidence[]
  alternatives?: readonly Alternative[]
}

export interface Finding {
  at: string
  operation: string
  object: string | null
  statement: string | null
  outcome: Outcome
  account: string | null
  client: string | null
  app: string | null
  database: string | null
  session: string | null
  trust: string
  why?: string | null
  person: Attribution | null
}

export interface Alert {
  labels: Labels
  annotations: Labels
  state: string
  activeAt?: string
  value?: string
}
