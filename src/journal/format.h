// The bytes of a journal file, as systemd's document JOURNAL_FILE_FORMAT describes them.
//
// All numbers are little endian, all objects start at a multiple of 8. 'Compact' (systemd 252 and
// later) is the form with offsets of 32 bits in entries and entry arrays, so at most 4 GiB a file.
#pragma once

#include <algorithm>
#include <array>
#include <bit>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <span>

#include "gatevisor/error.h"

namespace gatevisor::journal {

static_assert(std::endian::native == std::endian::little,
              "the structures below are read and written as they are in memory");

/// A 128-bit identifier: file, machine, boot, sequence numbers.
using Id128 = std::array<std::byte, 16>;

/// Header, 'State'.
enum class State : std::uint8_t {
  kOffline = 0,   ///< closed in order, may be appended to
  kOnline = 1,    ///< being written, or left behind by a crash
  kArchived = 2,  ///< rotated away, final
};

/// 'Objects': ObjectHeader.type.
enum class ObjectType : std::uint8_t {
  kUnused = 0,
  kData = 1,
  kField = 2,
  kEntry = 3,
  kDataHashTable = 4,
  kFieldHashTable = 5,
  kEntryArray = 6,
  kTag = 7,
};

// 'Extensibility': compatible flags may be unknown to a reader, incompatible ones may not.
inline constexpr std::uint32_t kCompatibleSealed = 1u << 0;
inline constexpr std::uint32_t kCompatibleTailEntryBootId = 1u << 1;  // systemd 254

inline constexpr std::uint32_t kIncompatibleXz = 1u << 0;
inline constexpr std::uint32_t kIncompatibleLz4 = 1u << 1;
inline constexpr std::uint32_t kIncompatibleKeyedHash = 1u << 2;
inline constexpr std::uint32_t kIncompatibleZstd = 1u << 3;
inline constexpr std::uint32_t kIncompatibleCompact = 1u << 4;
inline constexpr std::uint32_t kIncompatibleKnown = 0x1f;

// ObjectHeader.flags, of a DATA object only: how its payload is compressed.
inline constexpr std::uint8_t kObjectXz = 1u << 0;
inline constexpr std::uint8_t kObjectLz4 = 1u << 1;
inline constexpr std::uint8_t kObjectZstd = 1u << 2;
inline constexpr std::uint8_t kObjectCompressed = kObjectXz | kObjectLz4 | kObjectZstd;

inline constexpr std::array<char, 8> kSignature = {'L', 'P', 'K', 'S', 'H', 'H', 'R', 'H'};

/// 'Header'. Later versions of systemd only added fields at the end; header_size says how many.
struct Header {
  std::array<char, 8> signature{};       // 0
  std::uint32_t compatible_flags = 0;    // 8
  std::uint32_t incompatible_flags = 0;  // 12
  std::uint8_t state = 0;                // 16
  std::array<std::uint8_t, 7> reserved{};
  Id128 file_id{};                               // 24: the key of the hash as well
  Id128 machine_id{};                            // 40
  Id128 tail_entry_boot_id{};                    // 56
  Id128 seqnum_id{};                             // 72
  std::uint64_t header_size = 0;                 // 88
  std::uint64_t arena_size = 0;                  // 96: all bytes behind the header
  std::uint64_t data_hash_table_offset = 0;      // 104: of the items, not of the object
  std::uint64_t data_hash_table_size = 0;        // 112: in bytes
  std::uint64_t field_hash_table_offset = 0;     // 120
  std::uint64_t field_hash_table_size = 0;       // 128
  std::uint64_t tail_object_offset = 0;          // 136
  std::uint64_t n_objects = 0;                   // 144
  std::uint64_t n_entries = 0;                   // 152
  std::uint64_t tail_entry_seqnum = 0;           // 160
  std::uint64_t head_entry_seqnum = 0;           // 168
  std::uint64_t entry_array_offset = 0;          // 176
  std::uint64_t head_entry_realtime = 0;         // 184
  std::uint64_t tail_entry_realtime = 0;         // 192
  std::uint64_t tail_entry_monotonic = 0;        // 200
  std::uint64_t n_data = 0;                      // 208: added in 187
  std::uint64_t n_fields = 0;                    // 216
  std::uint64_t n_tags = 0;                      // 224: added in 189
  std::uint64_t n_entry_arrays = 0;              // 232
  std::uint64_t data_hash_chain_depth = 0;       // 240: added in 246
  std::uint64_t field_hash_chain_depth = 0;      // 248
  std::uint32_t tail_entry_array_offset = 0;     // 256: added in 252
  std::uint32_t tail_entry_array_n_entries = 0;  // 260
  std::uint64_t tail_entry_offset = 0;           // 264: added in 254
};
static_assert(sizeof(Header) == 272);
static_assert(offsetof(Header, header_size) == 88);
static_assert(offsetof(Header, n_entries) == 152);
static_assert(offsetof(Header, tail_entry_array_offset) == 256);

inline constexpr std::uint64_t kHeaderSizeMin = 208;  // before n_data
inline constexpr std::uint64_t kHeaderSize252 = 264;
inline constexpr std::uint64_t kHeaderSize254 = 272;

/// 'Objects': what every object starts with. `size` includes it, without the padding behind.
struct ObjectHeader {
  ObjectType type = ObjectType::kUnused;
  std::uint8_t flags = 0;
  std::array<std::uint8_t, 6> reserved{};
  std::uint64_t size = 0;
};
static_assert(sizeof(ObjectHeader) == 16);

/// 'Data Objects', the start that both forms share; the payload 'NAME=value' follows, in compact
/// files behind a DataTail.
struct DataObject {
  ObjectHeader object;                   // 0
  std::uint64_t hash = 0;                // 16
  std::uint64_t next_hash_offset = 0;    // 24
  std::uint64_t next_field_offset = 0;   // 32: an older data object of the same field
  std::uint64_t entry_offset = 0;        // 40: the first entry that has it
  std::uint64_t entry_array_offset = 0;  // 48: the others
  std::uint64_t n_entries = 0;           // 56: of both
};
static_assert(sizeof(DataObject) == 64);

/// The end of the last entry array, so that appending need not walk the chain.
struct DataTail {
  std::uint32_t entry_array_offset = 0;     // 64
  std::uint32_t entry_array_n_entries = 0;  // 68
};

/// A data object of a compact file, up to its payload.
struct CompactDataObject {
  DataObject data;
  DataTail tail;
};
static_assert(sizeof(CompactDataObject) == 72);

inline constexpr std::uint64_t kDataPayload = sizeof(DataObject);
inline constexpr std::uint64_t kCompactDataPayload = sizeof(CompactDataObject);

/// 'Field Objects'; the payload 'NAME' follows.
struct FieldObject {
  ObjectHeader object;
  std::uint64_t hash = 0;              // 16
  std::uint64_t next_hash_offset = 0;  // 24
  std::uint64_t head_data_offset = 0;  // 32: the newest data object of this field
};
static_assert(sizeof(FieldObject) == 40);

/// 'Entry Objects'; the items follow: le32 offset, or le64 offset and le64 hash.
struct EntryObject {
  ObjectHeader object;
  std::uint64_t seqnum = 0;     // 16
  std::uint64_t realtime = 0;   // 24
  std::uint64_t monotonic = 0;  // 32
  Id128 boot_id{};              // 40
  std::uint64_t xor_hash = 0;   // 56: of the Jenkins hashes of all payloads
};
static_assert(sizeof(EntryObject) == 64);

/// 'Hash Table Objects': an item. The items follow an ObjectHeader.
struct HashItem {
  std::uint64_t head = 0;
  std::uint64_t tail = 0;
};
static_assert(sizeof(HashItem) == 16);

/// 'Entry Array Objects'; the items follow: le32 or le64 offsets of entries, 0 where unused.
struct EntryArrayObject {
  ObjectHeader object;
  std::uint64_t next = 0;  // 16
};
static_assert(sizeof(EntryArrayObject) == 24);

inline constexpr std::uint64_t kTagObjectSize = 64;

/// Offsets of 32 bits end here.
inline constexpr std::uint64_t kCompactSizeMax = 0xffff'ffff;

/// Microseconds that fit: systemd takes times below 2^55 only.
inline constexpr std::uint64_t kTimeEnd = std::uint64_t{1} << 55;

/// Longest name of a field.
inline constexpr std::size_t kMaxFieldName = 64;

/// Capital letters, digits and '_', and no digit first.
inline bool is_field_name(std::span<const std::byte> name) {
  if (name.empty() || name.size() > kMaxFieldName) {
    return false;
  }
  const auto digit = [](char c) { return c >= '0' && c <= '9'; };
  const auto first = static_cast<char>(name.front());
  return !digit(first) && std::ranges::all_of(name, [digit](std::byte b) {
    const auto c = static_cast<char>(b);
    return (c >= 'A' && c <= 'Z') || digit(c) || c == '_';
  });
}

/// std::ranges::equal() compares one byte after the other.
inline bool same_bytes(std::span<const std::byte> one, std::span<const std::byte> other) {
  return one.size() == other.size() &&
         (one.empty() || std::memcmp(one.data(), other.data(), one.size()) == 0);
}

/// Of 'NAME=value'; empty where there is no '='.
inline std::span<const std::byte> name_of(std::span<const std::byte> payload) {
  const auto equals = std::ranges::find(payload, std::byte{'='});
  if (equals == payload.end()) {
    return {};
  }
  return payload.first(static_cast<std::size_t>(equals - payload.begin()));
}

/// Where the item of a hash table of `size` bytes at `table` stands for this hash.
constexpr std::uint64_t hash_bucket(std::uint64_t table, std::uint64_t size, std::uint64_t hash) {
  return table + hash % (size / sizeof(HashItem)) * sizeof(HashItem);
}

/// Where the object behind one that ends at `offset` starts.
constexpr std::uint64_t align8(std::uint64_t offset) { return (offset + 7) & ~std::uint64_t{7}; }

template <typename T>
std::span<const std::byte> bytes_of(const T& value) {
  return std::as_bytes(std::span<const T, 1>(&value, 1));
}

template <typename T>
std::span<std::byte> writable_bytes_of(T& value) {
  return std::as_writable_bytes(std::span<T, 1>(&value, 1));
}

/// A value out of what has read(offset, bytes): the whole file, or what is not yet written of it.
template <typename T, typename Source>
Expected<T> read_value(const Source& source, std::uint64_t offset) {
  T value;
  if (auto done = source.read(offset, writable_bytes_of(value)); !done) {
    return std::unexpected(std::move(done.error()));
  }
  return value;
}

/// The number at `bytes`, however it is aligned.
template <typename T>
T load(const std::byte* bytes) {
  T value;
  std::memcpy(&value, bytes, sizeof value);
  return value;
}

/// The same number, which the compiler may not read again from where it came: what is behind a
/// mapping can have changed since it was checked.
inline std::uint64_t read_once(std::uint64_t value) {
  asm volatile("" : "+r"(value));
  return value;
}

}  // namespace gatevisor::journal
