// systemd.resource-control(5): what is said of one device each, and of processors and nodes.

#include <algorithm>
#include <limits>

#include "config/setters.h"
#include "config/size.h"
#include "config/time_span.h"
#include "config/words.h"

namespace gatevisor::config {
namespace {

/// 'PATH VALUE'; the path may be quoted.
template <typename Parse>
Parsed<void> store_device(std::vector<DeviceLimit>& all, std::string_view value, Parse parse) {
  if (value.empty()) {
    all.clear();
    return {};
  }
  const auto words = split_words(value);
  if (!words) return refuse(words.error());
  if (words->size() < 2) return refuse("expected the path of a device or a file, and a value");
  auto path = parse_absolute_path(words->front());
  if (!path) return refuse(std::move(path.error()));
  std::string rest;
  for (std::size_t i = 1; i < words->size(); ++i) rest += (i > 1 ? " " : "") + (*words)[i];
  const Parsed<std::uint64_t> number = parse(std::string_view(rest));
  if (!number) return refuse(number.error());
  const auto found = std::ranges::find(all, *path, &DeviceLimit::path);
  if (found != all.end()) {
    found->value = *number;
  } else if (all.size() == kMaxEntries) {
    return refuse("expected fewer devices");
  } else {
    all.push_back({std::move(*path), *number});
  }
  return {};
}

Parsed<std::uint64_t> parse_weight(std::string_view text) { return parse_decimal(text, 1, 10'000); }

/// To the base of 1000; infinity is DeviceLimit::kNone.
Parsed<std::uint64_t> parse_rate(std::string_view text) {
  if (text == "infinity") return DeviceLimit::kNone;
  auto rate = parse_size(text, 1000);
  if (!rate || *rate == 0) return refuse("expected a rate above 0 such as 5M, or infinity");
  return rate;
}

Parsed<std::uint64_t> parse_latency(std::string_view text) {
  const auto span = parse_time_span(text);
  if (!span) return refuse(span.error());
  return *span == kForever ? DeviceLimit::kNone : static_cast<std::uint64_t>(span->count());
}

template <std::size_t N>
Parsed<void> merge_set(std::bitset<N>& field, std::string_view value, const char* form) {
  std::string spaced(value);
  std::ranges::replace(spaced, ',', ' ');
  const auto set = parse_ranges<N>(spaced, 0, N - 1, form);
  if (!set) return refuse(set.error());
  field = set->none() ? *set : field | *set;
  return {};
}

}  // namespace

Parsed<void> set_io_weight(ServiceSettings& settings, std::string_view value) {
  if (value.empty()) {
    settings.resources.io_weight.reset();
    return {};
  }
  return store(settings.resources.io_weight, parse_weight(value));
}

Parsed<void> set_io_device_weight(ServiceSettings& settings, std::string_view value) {
  return store_device(settings.resources.io_device_weight, value, parse_weight);
}

Parsed<void> set_io_read_bandwidth(ServiceSettings& settings, std::string_view value) {
  return store_device(settings.resources.io_read_bandwidth, value, parse_rate);
}

Parsed<void> set_io_write_bandwidth(ServiceSettings& settings, std::string_view value) {
  return store_device(settings.resources.io_write_bandwidth, value, parse_rate);
}

Parsed<void> set_io_read_iops(ServiceSettings& settings, std::string_view value) {
  return store_device(settings.resources.io_read_iops, value, parse_rate);
}

Parsed<void> set_io_write_iops(ServiceSettings& settings, std::string_view value) {
  return store_device(settings.resources.io_write_iops, value, parse_rate);
}

Parsed<void> set_io_latency(ServiceSettings& settings, std::string_view value) {
  return store_device(settings.resources.io_latency_usec, value, parse_latency);
}

Parsed<void> set_allowed_cpus(ServiceSettings& settings, std::string_view value) {
  return merge_set(settings.resources.allowed_cpus, value,
                   "expected numbers and ranges of processors below 1024: 0-3 6");
}

Parsed<void> set_allowed_nodes(ServiceSettings& settings, std::string_view value) {
  return merge_set(settings.resources.allowed_nodes, value,
                   "expected numbers and ranges of nodes below 1024: 0-1 3");
}

}  // namespace gatevisor::config
