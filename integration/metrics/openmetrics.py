"""Parses OpenMetrics text from standard input as strictly as its reference parser does; how many samples there were."""
import sys

sys.path.append("/usr/lib/python3/dist-packages")  # where Debian has it, whichever python3 this is
from prometheus_client.openmetrics.parser import text_string_to_metric_families

samples = [sample for family in text_string_to_metric_families(sys.stdin.read()) for sample in family.samples]
print(len(samples))
