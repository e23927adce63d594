-- Pipeline plant-7 as a job of Flink SQL, made by aggregator 1.2.3
-- Run it with: bin/sql-client.sh -f FILE
--
-- What is not the same:
--   sinks out are not there: all rows go to the folder rows
--   there are no ids of rows, no revisions and no flags: a row that is written twice is there twice
--   events with an id that came before count again
--   what is no event is passed over without a word: there are no dead letters and no ledger
--   times are in milliseconds; limits of series, and of how far an event may be ahead, are not kept
--   per_minute: sum: our results are rounded once, its additions one by one: last digits may differ
--   per_minute: avg: our results are rounded once, its additions one by one: last digits may differ
--   offset: sum: our results are rounded once, its additions one by one: last digits may differ
--   offset: avg: our results are rounded once, its additions one by one: last digits may differ
--   latency: p50: it keeps every value; ours is a sketch beyond 1,024
--   latency: mean: our results are rounded once, its additions one by one: last digits may differ
--   latency: f is left out: it goes by the time of events here, by the order of arrival there
--   latency: a label that an event does not have is null there
--   visits: events exactly a gap apart share a session there, and are two here
--   coded: left out: where and map are code of the configuration

SET 'execution.runtime-mode' = 'streaming';
SET 'table.local-time-zone' = 'UTC';
SET 'table.exec.source.idle-timeout' = '10000 ms';
SET 'pipeline.name' = 'plant-7';

CREATE TEMPORARY TABLE `events` (
  `name` STRING,
  `value` DOUBLE,
  `timestamp` DOUBLE,
  `agg_func` STRING,
  `labels` MAP<STRING, STRING>,
  `event_time` AS TO_TIMESTAMP_LTZ(CAST(FLOOR(`timestamp` * 1000) AS BIGINT), 3),
  WATERMARK FOR `event_time` AS `event_time` - INTERVAL '5' SECOND
) WITH (
  'connector' = 'filesystem',
  'path' = 'events.ndjson',
  'format' = 'json',
  'json.ignore-parse-errors' = 'true'
);

CREATE TEMPORARY TABLE `rows` (
  `pipeline` STRING,
  `rule` STRING,
  `name` STRING,
  `labels` MAP<STRING, STRING>,
  `agg_func` STRING,
  `window_start` DOUBLE,
  `window_end` DOUBLE,
  `value` DOUBLE,
  `count` BIGINT
) WITH (
  'connector' = 'filesystem',
  'path' = 'rows',
  'format' = 'json'
);

-- Rule per_minute: tumbling("1m")
CREATE TEMPORARY VIEW `events_of_per_minute` AS
SELECT
  `name`,
  `value`,
  COALESCE(`agg_func`, 'sum') AS `agg_func`,
  `event_time`
FROM `events`
WHERE `name` IS NOT NULL AND `value` IS NOT NULL;

-- Rule offset: tumbling("90s", { offset: "10s" })
CREATE TEMPORARY VIEW `events_of_offset` AS
SELECT
  `name`,
  `value`,
  COALESCE(`agg_func`, 'sum') AS `agg_func`,
  `event_time`
FROM `events`
WHERE `name` IS NOT NULL AND `value` IS NOT NULL;

-- Rule latency: hopping("5m", { every: "1m" })
CREATE TEMPORARY VIEW `events_of_latency` AS
SELECT
  `name`,
  `value`,
  COALESCE(`agg_func`, 'sum') AS `agg_func`,
  `labels`['host'] AS `label_1`,
  `event_time`
FROM `events`
WHERE `name` IS NOT NULL AND `value` IS NOT NULL
  AND `name` LIKE 'http.%' ESCAPE '!'
  AND (`labels`['env'] LIKE 'pr_d' ESCAPE '!' OR REGEXP(`labels`['env'], '(?s)\A[st].*\z'));

-- Rule visits: session("30s")
CREATE TEMPORARY VIEW `events_of_visits` AS
SELECT
  `name`,
  `value`,
  COALESCE(`agg_func`, 'sum') AS `agg_func`,
  `event_time`
FROM `events`
WHERE `name` IS NOT NULL AND `value` IS NOT NULL;

EXECUTE STATEMENT SET BEGIN
INSERT INTO `rows`
SELECT
  'plant-7', 'per_minute',
  w.`name`,
  CAST(NULL AS MAP<STRING, STRING>),
  w.`agg_func`,
  CAST(UNIX_TIMESTAMP(DATE_FORMAT(w.`window_start`, 'yyyy-MM-dd HH:mm:ss')) AS DOUBLE) + CAST(EXTRACT(MILLISECOND FROM w.`window_start`) AS DOUBLE) / 1000,
  CAST(UNIX_TIMESTAMP(DATE_FORMAT(w.`window_end`, 'yyyy-MM-dd HH:mm:ss')) AS DOUBLE) + CAST(EXTRACT(MILLISECOND FROM w.`window_end`) AS DOUBLE) / 1000,
  w.`value`, w.`count`
FROM (
  SELECT
    `name`, `agg_func`, `window_start`, `window_end`,
    CASE `agg_func`
      WHEN 'sum' THEN SUM(`value`)
      WHEN 'avg' THEN AVG(`value`)
      WHEN 'min' THEN MIN(`value`)
      WHEN 'max' THEN MAX(`value`)
      WHEN 'count' THEN CAST(COUNT(*) AS DOUBLE)
    END AS `value`,
    COUNT(*) AS `count`
  FROM TABLE(TUMBLE(TABLE `events_of_per_minute`, DESCRIPTOR(`event_time`), INTERVAL '1' MINUTE))
  WHERE `agg_func` IN ('sum', 'avg', 'min', 'max', 'count')
  GROUP BY `name`, `agg_func`, `window_start`, `window_end`
) w;
INSERT INTO `rows`
SELECT
  'plant-7', 'offset',
  w.`name`,
  CAST(NULL AS MAP<STRING, STRING>),
  w.`agg_func`,
  CAST(UNIX_TIMESTAMP(DATE_FORMAT(w.`window_start`, 'yyyy-MM-dd HH:mm:ss')) AS DOUBLE) + CAST(EXTRACT(MILLISECOND FROM w.`window_start`) AS DOUBLE) / 1000,
  CAST(UNIX_TIMESTAMP(DATE_FORMAT(w.`window_end`, 'yyyy-MM-dd HH:mm:ss')) AS DOUBLE) + CAST(EXTRACT(MILLISECOND FROM w.`window_end`) AS DOUBLE) / 1000,
  w.`value`, w.`count`
FROM (
  SELECT
    `name`, `agg_func`, `window_start`, `window_end`,
    CASE `agg_func`
      WHEN 'sum' THEN SUM(`value`)
      WHEN 'avg' THEN AVG(`value`)
      WHEN 'min' THEN MIN(`value`)
      WHEN 'max' THEN MAX(`value`)
      WHEN 'count' THEN CAST(COUNT(*) AS DOUBLE)
    END AS `value`,
    COUNT(*) AS `count`
  FROM TABLE(TUMBLE(TABLE `events_of_offset`, DESCRIPTOR(`event_time`), INTERVAL '90' SECOND, INTERVAL '10' SECOND))
  WHERE `agg_func` IN ('sum', 'avg', 'min', 'max', 'count')
  GROUP BY `name`, `agg_func`, `window_start`, `window_end`
) w;
INSERT INTO `rows`
SELECT
  'plant-7', 'latency',
  w.`name`,
  MAP['host', w.`label_1`],
  f.`agg_func`,
  CAST(UNIX_TIMESTAMP(DATE_FORMAT(w.`window_start`, 'yyyy-MM-dd HH:mm:ss')) AS DOUBLE) + CAST(EXTRACT(MILLISECOND FROM w.`window_start`) AS DOUBLE) / 1000,
  CAST(UNIX_TIMESTAMP(DATE_FORMAT(w.`window_end`, 'yyyy-MM-dd HH:mm:ss')) AS DOUBLE) + CAST(EXTRACT(MILLISECOND FROM w.`window_end`) AS DOUBLE) / 1000,
  f.`value`, w.`count`
FROM (
  SELECT
    `name`, `label_1`, `window_start`, `window_end`,
    PERCENTILE(`value`, 0.5) AS `value_1`,
    CAST(COUNT(*) AS DOUBLE) AS `value_2`,
    AVG(`value`) AS `value_3`,
    COUNT(*) AS `count`
  FROM TABLE(HOP(TABLE `events_of_latency`, DESCRIPTOR(`event_time`), INTERVAL '1' MINUTE, INTERVAL '5' MINUTE))
  GROUP BY `name`, `label_1`, `window_start`, `window_end`
) w
CROSS JOIN UNNEST(ARRAY[ROW(CAST('p50' AS STRING), CAST(w.`value_1` AS DOUBLE)), ROW(CAST('n' AS STRING), CAST(w.`value_2` AS DOUBLE)), ROW(CAST('mean' AS STRING), CAST(w.`value_3` AS DOUBLE))]) AS f (`agg_func`, `value`);
INSERT INTO `rows`
SELECT
  'plant-7', 'visits',
  w.`name`,
  CAST(NULL AS MAP<STRING, STRING>),
  f.`agg_func`,
  CAST(UNIX_TIMESTAMP(DATE_FORMAT(w.`window_start`, 'yyyy-MM-dd HH:mm:ss')) AS DOUBLE) + CAST(EXTRACT(MILLISECOND FROM w.`window_start`) AS DOUBLE) / 1000,
  CAST(UNIX_TIMESTAMP(DATE_FORMAT(w.`window_end`, 'yyyy-MM-dd HH:mm:ss')) AS DOUBLE) + CAST(EXTRACT(MILLISECOND FROM w.`window_end`) AS DOUBLE) / 1000,
  f.`value`, w.`count`
FROM (
  SELECT
    `name`, `window_start`, `window_end`,
    CAST(COUNT(*) AS DOUBLE) AS `value_1`,
    COUNT(*) AS `count`
  FROM TABLE(SESSION(TABLE `events_of_visits` PARTITION BY (`name`), DESCRIPTOR(`event_time`), INTERVAL '30' SECOND))
  GROUP BY `name`, `window_start`, `window_end`
) w
CROSS JOIN UNNEST(ARRAY[ROW(CAST('n' AS STRING), CAST(w.`value_1` AS DOUBLE))]) AS f (`agg_func`, `value`);
END;
