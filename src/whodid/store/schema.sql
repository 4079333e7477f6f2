-- The trail's tables. Statements are separated by a line that is only a semicolon; {database} is not used: chDB has one.
-- Instants are Int64 nanoseconds since 1970-01-01 UTC, so that LogQL's windows are integer arithmetic.

CREATE TABLE IF NOT EXISTS streams
(
    id      UInt64 COMMENT 'hash of tenant and canonical label text (store/streams.py)',
    tenant  LowCardinality(String) COMMENT 'X-Scope-OrgID; fake without tenants, whodid for the trail about the trail',
    labels  Map(String, String) COMMENT 'index labels, service_name included'
)
ENGINE = ReplacingMergeTree
ORDER BY (tenant, id)
SETTINGS fsync_after_insert = 1, fsync_part_directory = 1
;
CREATE TABLE IF NOT EXISTS lines
(
    stream_id      UInt64 CODEC(ZSTD(1)) COMMENT 'streams.id',
    ts             Int64 CODEC(Delta, ZSTD(1)) COMMENT 'the entry''s instant, ns since 1970 UTC',
    seq            UInt64 CODEC(Delta, ZSTD(1)) COMMENT 'rises by one with every stored line, in the order of commits: a tail''s resume token',
    line           String CODEC(ZSTD(1)) COMMENT 'the raw record, UTF-8',
    metadata       Map(LowCardinality(String), String) CODEC(ZSTD(1)) COMMENT 'structured metadata, without detected_level',
    detected_level LowCardinality(String) COMMENT 'Loki''s detected_level, found on insert; empty where detection is off',
    push_key       UInt64 CODEC(ZSTD(1)) COMMENT 'hash of the push''s idempotency key; 0 without one',
    json_fields    Tuple(names Array(LowCardinality(String)), values Array(LowCardinality(String))) CODEC(ZSTD(1)) COMMENT 'what `| json` finds in the line under names that take few values; query/columns/json_fields.py',
    INDEX seq_range seq TYPE minmax GRANULARITY 1
)
ENGINE = MergeTree
PARTITION BY intDiv(ts, 86400000000000)
ORDER BY (stream_id, ts, seq)
-- fsync: an acknowledged line survives a power cut. The window of deduplication is not used: push_key does it.
-- Granules of half the usual size: a search reads as many as hold a match.
SETTINGS fsync_after_insert = 1, fsync_part_directory = 1, index_granularity = 4096
;
-- Which five characters follow each other in the lines of 64 granules, and of one, for searches (query/grams.py). They
-- cost as much as an insert, so neither inserts (store/chdb.py) nor merges build them: ingest/indexing.py has it done
-- when there is time. The engine asks them in this order.
ALTER TABLE lines ADD INDEX IF NOT EXISTS coarse_grams lower(line) TYPE ngrambf_v1(5, 262144, 1, 0) GRANULARITY 64
;
ALTER TABLE lines ADD INDEX IF NOT EXISTS grams lower(line) TYPE ngrambf_v1(5, 16384, 1, 0) GRANULARITY 1
;
ALTER TABLE lines MODIFY SETTING exclude_materialize_skip_indexes_on_merge = 'coarse_grams, grams'
;
-- What is inserted is one file, and only what merges write has one for each stream of each column: an insert waits until
-- the disk has them all.
ALTER TABLE lines MODIFY SETTING min_level_for_wide_part = 1
;
-- Made in quiet moments, too (ingest/json_fields.py). No Map: to change one the engine writes all columns anew. Another
-- meaning needs another name: old values would stay.
ALTER TABLE lines ADD COLUMN IF NOT EXISTS json_fields Tuple(names Array(LowCardinality(String)), values Array(LowCardinality(String))) CODEC(ZSTD(1)) COMMENT 'what `| json` finds in the line under names that take few values; query/columns/json_fields.py'
;
CREATE TABLE IF NOT EXISTS deletions
(
    id         String COMMENT 'request_id of the delete API',
    tenant     LowCardinality(String),
    query      String COMMENT 'LogQL, as it was asked',
    start_ns   Int64,
    end_ns     Int64 COMMENT 'included',
    created_ns Int64,
    conditions Array(String) COMMENT 'SQL on lines; a line goes if any holds. Empty once carried out',
    lines      UInt64 COMMENT 'how many lines it names',
    status     LowCardinality(String) COMMENT 'asked, hidden, done or cancelled (ingest/deletes.py)',
    version    UInt64 COMMENT 'rises with each change of status; the highest counts'
)
ENGINE = ReplacingMergeTree(version)
ORDER BY (tenant, id)
SETTINGS fsync_after_insert = 1, fsync_part_directory = 1
;
CREATE TABLE IF NOT EXISTS deleted_lines
(
    request        String COMMENT 'deletions.id; dropped as a partition when the request can no longer be cancelled',
    stream_id      UInt64,
    ts             Int64,
    seq            UInt64,
    line           String CODEC(ZSTD(1)),
    metadata       Map(LowCardinality(String), String) CODEC(ZSTD(1)),
    detected_level LowCardinality(String),
    push_key       UInt64
)
ENGINE = MergeTree
PARTITION BY request
ORDER BY seq
SETTINGS fsync_after_insert = 1, fsync_part_directory = 1, old_parts_lifetime = 30
;
