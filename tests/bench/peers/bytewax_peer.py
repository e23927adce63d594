# Bytewax: windows of event time, one worker. bytewax_peer.py INPUT OUTPUT
import json
import sys
from datetime import datetime, timedelta, timezone

import bytewax.operators as op
import bytewax.operators.windowing as win
from bytewax.connectors.files import FileSink, FileSource
from bytewax.dataflow import Dataflow
from bytewax.operators.windowing import EventClock, TumblingWindower
from bytewax.testing import run_main

source, target = sys.argv[1:3]
EPOCH = datetime(2026, 1, 1, tzinfo=timezone.utc)
EPOCH_SECONDS = int(EPOCH.timestamp())


def parse(line):
    event = json.loads(line)
    return f"{event['name']},{event['agg_func']}", (event["value"], event["timestamp"])


def time_of(event):
    return datetime.fromtimestamp(event[1], timezone.utc)


def fold(cell, event):
    value = event[0]
    return (cell[0] + 1, cell[1] + value, min(cell[2], value), max(cell[3], value))


def merge(a, b):
    return (a[0] + b[0], a[1] + b[1], min(a[2], b[2]), max(a[3], b[3]))


def row(item):
    key, (window, (count, total, least, greatest)) = item
    name, function = key.split(",")
    value = {"sum": total, "avg": total / count, "min": least, "max": greatest}[function]
    start = EPOCH_SECONDS + 60 * window
    text = {"name": name, "agg_func": function, "window_start": start, "value": value, "count": count}
    return key, json.dumps(text)


flow = Dataflow("peer")
lines = op.input("lines", flow, FileSource(source, batch_size=1000))
events = op.map("parse", lines, parse)
clock = EventClock(ts_getter=time_of, wait_for_system_duration=timedelta(seconds=5))
windower = TumblingWindower(align_to=EPOCH, length=timedelta(minutes=1))
start = (0, 0.0, float("inf"), float("-inf"))
windows = win.fold_window("window", events, clock, windower, lambda: start, fold, merge)
op.output("rows", op.map("row", windows.down, row), FileSink(target))
run_main(flow)
