# DuckDB over the whole file at once: duckdb_peer.py INPUT OUTPUT THREADS
import sys

import duckdb

source, target, threads = sys.argv[1:4]
query = f"""
copy (
  select
    name,
    agg_func,
    cast(floor("timestamp" / 60) * 60 as bigint) as window_start,
    case agg_func
      when 'sum' then sum(value)
      when 'avg' then avg(value)
      when 'min' then min(value)
      else max(value)
    end as value,
    count(*) as count
  from read_json(
    '{source}',
    format = 'newline_delimited',
    columns = {{name: 'varchar', value: 'double', timestamp: 'double', agg_func: 'varchar'}}
  )
  group by 1, 2, 3
) to '{target}' (format json)
"""
database = duckdb.connect(config={"threads": int(threads)})
database.execute(query)
