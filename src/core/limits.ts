/** Every bound of the program, with its reason. Sizes are in bytes where the name says so. */

/** UTF-8 bytes of a name, a label's name or value, or an id: longer ones are a mistake of the producer. */
export const NAME_BYTES_MAX = 512;

/** One event: what is larger is no event but a file that lost its line feeds. */
export const LINE_BYTES_MAX = 1024 * 1024;

/** What a dead letter keeps of a refused event: enough to see what it was. */
export const DEAD_LETTER_BYTES_MAX = 4096;

/** Dead letters kept; beyond it the oldest go, and are counted. About 100 MB at a usual 1 KB each. */
export const DEAD_LETTERS_MAX = 100_000;

/** Dead letters that come back in one checkpoint: the source is read in between. */
export const LETTERS_AT_ONCE = 1_000;

/** Labels of one event: more is data in the wrong place. */
export const LABELS_MAX = 64;

/** Readable bytes behind a chunk: the scanner loads four bytes at a time and looks a few words ahead. */
export const SCAN_SLACK_BYTES = 64;

/** One read of a file: large enough to hide the system call, small enough to stay in the cache. */
export const READ_CHUNK_BYTES = 256 * 1024;

/**
 * Events of one engine batch: its columns (29 bytes an event) stay in the second-level cache. `replay`
 * cuts by this count, so that a file and a pipe give the same bytes.
 */
export const BATCH_EVENTS = 8192;

/** Series of one rule unless it says otherwise: at 250 bytes a series and pane, 250 MB. */
export const SERIES_MAX_DEFAULT = 1_000_000;

/** Sessions that one rule may hold at a time: some hundred bytes each. */
export const SESSIONS_MAX = 4_000_000;

/** Panes that one rule may hold at a time. A config that would need more is refused by `check`. */
export const PANES_MAX = 65_536;

/** Panes that one window may be composed of: each firing merges all of them. */
export const PANES_PER_WINDOW_MAX = 10_000;

/** Functions of one rule, or of the registry: an event names its own by a number of one byte. */
export const FUNCTIONS_MAX = 200;

/** Bounds of one histogram: each costs a cell of every series. */
export const HISTOGRAM_BOUNDS_MAX = 1_000;

/** Globs of one name or label: each is tried on every new text. */
export const GLOBS_MAX = 256;

/** Windows in a row that are filled for a series without events, each with a row: a week of minutes. */
export const FILL_WINDOWS_MAX = 10_080;

/** Rows written to a sink in one transaction: long enough to be fast, short enough to retry. */
export const SINK_BATCH_ROWS_MAX = 10_000;

/** Rows on disk that wait for one sink; beyond it reading stops until the sink took some. */
export const OUTBOX_BYTES_MAX = 1024 * 1024 * 1024;

/** Refused events in memory until the next checkpoint: about as many as one batch may hold. */
export const REFUSALS_PENDING_MAX = 10_000;

/** A checkpoint at least so often, unless the configuration says otherwise. */
export const CHECKPOINT_EVERY_MS = 5_000;

/** Ids remembered for deduplication unless the configuration says otherwise. */
export const DEDUPE_IDS_MAX_DEFAULT = 5_000_000;

/** Partial intervals kept (gaps of the bus): adjacent ones are merged beyond it. */
export const PARTIAL_INTERVALS_MAX = 1_000;

/** The longest single wait of a timer: longer ones are split, since timers end at 2^31 - 1 ms. */
export const TIMER_MS_MAX = 2_147_483_647;

/** First and longest pause between two tries of something outside, before jitter. */
export const RETRY_MS_MIN = 200;
export const RETRY_MS_MAX = 10_000;

/** Failures in a row after which one call at a time looks whether something outside is back. */
export const BREAKER_FAILURES = 3;

/** One call that leaves the process, unless its component says otherwise. */
export const CALL_TIMEOUT_MS = 30_000;

/**
 * What the pipeline waits for at the most, whatever the component does: longer than any limit of a component,
 * so that it comes to bear only where one of these has a gap. To connect, to read or write once, to close.
 */
export const OPEN_MS_MAX = 2 * CALL_TIMEOUT_MS;
export const CALL_MS_MAX = 20 * CALL_TIMEOUT_MS;
export const CLOSE_MS_MAX = 10_000;

/** How long a stop may take to drain the outbox before the process ends. */
export const SHUTDOWN_MS_MAX = 30_000;

/** Timestamps outside [1900, 2200] are a wrong unit, not a time. Unix seconds. */
export const MIN_TIMESTAMP_DEFAULT = -2_208_988_800;
export const MAX_TIMESTAMP_DEFAULT = 7_258_118_400;

/** Rows kept in memory for the dashboard, the oldest go: 50 bytes each, 25 MB. */
export const RECENT_ROWS_MAX = 500_000;

/** Series of these rows; rows of further ones are not kept: some 400 bytes each, 80 MB at the most. */
export const RECENT_SERIES_MAX = 200_000;

/** Rows of one answer: more points than any chart has pixels. */
export const RESULTS_PAGE_MAX = 10_000;

/** Answers to repeated queries that are kept: as many as some open dashboards ask for. */
export const QUERY_CACHE_MAX = 64;

/** Open dashboards: each takes a connection and some kilobytes a second. */
export const STREAM_CLIENTS_MAX = 64;

/** Bytes that may wait for one dashboard: a slower one is left out until it has taken them. */
export const STREAM_BYTES_MAX = 512 * 1024;

/** Who may look at passing events at a time: each looks at every one that is looked at. */
export const TAPS_MAX = 8;

/** Events a second that are decoded for those who look, all together: a twentieth of one core at the most. */
export const TAP_LOOKS_PER_SECOND_MAX = 10_000;

/** Messages of each kind a second that one of them may ask for: more scrolls by unread. */
export const TAP_RATE_MAX = 1_000;

/** Rows that one of them is looked through for at a time, also when it comes back after a cut. */
export const TAP_ROWS_MAX = 5_000;

/** Rows of one event of the stream: more cannot be read by anybody; the others are counted. */
export const STREAM_ROWS_MAX = 200;

/** What the dashboard remembers of itself, one sample a second: a quarter of an hour. */
export const HISTORY_SAMPLES_MAX = 900;

/** Tokens of one service: each is compared with what a client shows. */
export const TOKENS_MAX = 1_000;

/** Bytes of a token that is made: as strong as a key of AES-256. */
export const TOKEN_BYTES = 32;

/** Dashboards that are signed in: the oldest is signed out beyond it. */
export const SIGNED_IN_MAX = 1_000;

/** Of them by one token, or one user of an issuer: who signs in without end signs out nobody else. */
export const SIGNED_IN_BY_ONE_MAX = 250;

/** How long a dashboard stays signed in unless the configuration says otherwise: a shift. */
export const SESSION_MS = 12 * 3_600_000;

/** Wrong tokens of one client that are answered at once; further ones wait, each for its turn. */
export const ATTEMPTS_AT_ONCE = 20;

/** One wrong token of a client each so often: 40 bits of a token last for thousands of years. */
export const ATTEMPT_EVERY_MS = 250;

/** Requests of one client that wait for their turn: further ones are refused. */
export const ATTEMPTS_WAITING_MAX = 16;

/** Clients whose wrong tokens are remembered: the one that was quiet longest is forgotten. */
export const ATTEMPT_CLIENTS_MAX = 10_000;

/** Pairs of client and right token that need not wait behind the wrong tokens of others. */
export const WELCOME_MAX = 1_000;

/** Connections with TLS at a time: each holds some ten kilobytes of keys and buffers. */
export const TLS_CONNECTIONS_MAX = 4_096;

/**
 * Open files of the process beyond which no more connections are taken, however many the system allows: each
 * holds some kilobytes, and a container may allow a million.
 */
export const OPEN_FILES_MAX = 16_384;

/** Bytes of the head of a request: Bun's own server takes as many. */
export const HEAD_BYTES_MAX = 16 * 1024;

/** How long a client may take for its handshake, and how long for the head of a request. */
export const HANDSHAKE_MS_MAX = 10_000;
export const HEAD_MS_MAX = 15_000;

/** How long a client may take for the body of a request: 16 MB over a slow line. */
export const BODY_MS_MAX = 5 * 60_000;

/** Alerts of one configuration: each is looked at once a second. */
export const ALERTS_MAX = 500;

/** Instances of one alert (a series, a sink): more at a time tell a person no more. Some 500 bytes each. */
export const ALERT_INSTANCES_MAX = 1_000;

/** Series of which one alert remembers when their last row was: 300 bytes each. */
export const ALERT_SERIES_MAX = 10_000;

/** What was resolved lately and can be looked at. */
export const ALERT_HISTORY_MAX = 200;

/** Silences at a time. */
export const SILENCES_MAX = 200;

/** Alerts that notifiers are told of; beyond it those that matter least go, and are counted. */
export const NOTICES_MAX = 1_000;

/** Alerts of one message: what is larger some receivers refuse. */
export const NOTICES_PER_MESSAGE = 100;

/** An alert that began to fire so often within the hour flaps: it fires on until it was calm for a while. */
export const FLAPS_MAX = 5;

/** Rows of one name that a sink looks at for a chart, the newest ones: a second or two of SQLite. */
export const HISTORY_ROWS_MAX = 500_000;

/** How long a sink may look for them: who waits for a chart does not wait longer. */
export const HISTORY_MS_MAX = 5_000;

/** Points of a chart out of a sink: some per pixel of a large screen. */
export const HISTORY_POINTS_MAX = 5_000;

/** Charts that are read out of sinks at a time; further ones are told to come again. */
export const HISTORY_READS_MAX = 4;
