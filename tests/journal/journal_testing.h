// Entries for tests, and what a file must give back of them.
#pragma once

#include <gtest/gtest.h>

#include <random>
#include <string>
#include <vector>

#include "journal/reader.h"
#include "journal/writer.h"
#include "memory_storage.h"

namespace gatevisor::journal {

inline FileIds test_ids() {
  FileIds ids;
  for (std::size_t i = 0; i < 16; ++i) {
    ids.file_id[i] = static_cast<std::byte>(0xf0 - i);
    ids.machine_id[i] = static_cast<std::byte>(0x10 + i);
    ids.boot_id[i] = static_cast<std::byte>(0xb0 + i);
    ids.seqnum_id[i] = static_cast<std::byte>(0x50 + i);
  }
  return ids;
}

/// Small tables: the whole file is about 40 KiB at first.
inline Limits small_file() {
  Limits limits;
  limits.max_size = 8 << 20;
  limits.allocation_step = 4096;
  return limits;
}

struct TestEntry {
  EntryTimes times;
  std::vector<std::string> payloads;  // 'NAME=value'
};

inline std::span<const std::byte> as_bytes(std::string_view text) {
  return std::as_bytes(std::span(text));
}

/// As whole blobs, and name and value apart, in turn.
inline std::vector<Field> fields_of(const std::vector<std::string>& payloads) {
  std::vector<Field> fields;
  for (const std::string& payload : payloads) {
    if (fields.size() % 2 == 0) {
      fields.push_back({{}, as_bytes(payload)});
    } else {
      const std::size_t equals = payload.find('=');
      const std::string_view all = payload;
      fields.push_back({all.substr(0, equals), as_bytes(all.substr(equals + 1))});
    }
  }
  return fields;
}

inline Expected<std::uint64_t> append(Writer& writer, const TestEntry& entry) {
  return writer.append(entry.times, fields_of(entry.payloads));
}

/// An entry as a service's output makes it: most values were seen before.
inline TestEntry plain_entry(std::uint64_t number) {
  return {.times = {.realtime_usec = 1'700'000'000'000'000 + number * 1000,
                    .monotonic_usec = 5'000'000 + number * 1000},
          .payloads = {"MESSAGE=line " + std::to_string(number), "_HOSTNAME=box",
                       "PRIORITY=" + std::to_string(number % 7),
                       "_PID=" + std::to_string(100 + number % 13), "_TRANSPORT=stdout",
                       "SYSLOG_IDENTIFIER=worker"}};
}

/// Any bytes, any lengths, fields twice, now and then many or a long one.
inline TestEntry random_entry(std::mt19937& random, std::uint64_t number) {
  const auto below = [&random](unsigned end) { return static_cast<unsigned>(random() % end); };
  TestEntry entry = plain_entry(number);
  entry.payloads.resize(below(5) + 1);
  const unsigned count = below(60) == 0 ? 300 : below(12);
  for (unsigned i = 0; i < count; ++i) {
    std::string payload = "F" + std::to_string(below(40)) + "=";
    switch (below(6)) {
      case 0:  // no byte
        break;
      case 1:
        for (unsigned length = below(200); length != 0; --length) {
          payload += static_cast<char>(below(256));
        }
        break;
      case 2:
        payload.append(below(50) == 0 ? 300'000 + below(8) : below(5000),
                       static_cast<char>('a' + below(26)));
        break;
      default: payload += std::to_string(below(30));
    }
    entry.payloads.push_back(payload);
    if (below(8) == 0) {
      entry.payloads.push_back(payload);
    }
  }
  return entry;
}

/// What is read of it: each field once.
inline std::vector<std::string> sorted_unique(std::vector<std::string> payloads) {
  std::ranges::sort(payloads);
  payloads.erase(std::ranges::unique(payloads).begin(), payloads.end());
  return payloads;
}

inline std::vector<std::string> payloads_of(const Entry& entry) {
  std::vector<std::string> payloads;
  for (const ReadField& field : entry.fields) {
    payloads.push_back(field.payload);
  }
  std::ranges::sort(payloads);
  return payloads;
}

inline void expect_entry(const Reader& reader, const TestEntry& wanted) {
  const auto entry = reader.entry();
  ASSERT_TRUE(entry) << to_string(entry.error());
  EXPECT_EQ(entry->realtime_usec, wanted.times.realtime_usec);
  EXPECT_EQ(entry->monotonic_usec, wanted.times.monotonic_usec);
  EXPECT_EQ(entry->boot_id, test_ids().boot_id);
  EXPECT_EQ(payloads_of(*entry), sorted_unique(wanted.payloads));
}

/// Writes the entries into a new file; numbers start at 1.
inline void write_all(MemoryStorage& storage, const std::vector<TestEntry>& entries,
                      const Limits& limits = small_file()) {
  auto writer = Writer::create(storage, test_ids(), 1, limits);
  ASSERT_TRUE(writer) << to_string(writer.error());
  for (const TestEntry& entry : entries) {
    const auto seqnum = append(*writer, entry);
    ASSERT_TRUE(seqnum) << to_string(seqnum.error());
  }
  ASSERT_TRUE(writer->close());
}

}  // namespace gatevisor::journal
