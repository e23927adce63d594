"""A collector of OTLP over HTTP that takes JSON only as far as the messages of OpenTelemetry allow it.

POST /v1/metrics answers 400 with the reason to whatever is no ExportMetricsServiceRequest; GET /received gives
what came, as JSON that the library wrote from the messages.
"""

import json
import sys
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from google.protobuf import json_format
from opentelemetry.proto.collector.metrics.v1 import metrics_service_pb2 as service

received = []


class Collector(BaseHTTPRequestHandler):
    def do_POST(self):
        body = self.rfile.read(int(self.headers["content-length"]))
        if self.path != "/v1/metrics" or self.headers["content-type"] != "application/json":
            self.answer(404, {"message": "metrics as JSON go to /v1/metrics"})
            return
        request = service.ExportMetricsServiceRequest()
        try:
            # Strict: a field that the messages do not have is an error.
            json_format.Parse(body, request)
        except json_format.ParseError as error:
            self.answer(400, {"message": str(error)})
            return
        received.append({
            "authorization": self.headers["authorization"],
            "request": json_format.MessageToDict(request),
        })
        response = service.ExportMetricsServiceResponse()
        self.answer(200, json_format.MessageToDict(response))

    def do_GET(self):
        self.answer(200, received)

    def answer(self, status, value):
        body = json.dumps(value).encode()
        self.send_response(status)
        self.send_header("content-type", "application/json")
        self.send_header("content-length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_):
        pass


ThreadingHTTPServer(("127.0.0.1", int(sys.argv[2])), Collector).serve_forever()
