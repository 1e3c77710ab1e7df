// Reads the objects of a journal file that may be damaged, torn or hostile.
//
// Every offset and size is checked before it is used, and each number is read once: the file may
// change meanwhile. A storage that is mapped is read where it stands. Of any other one, pages that
// were read stay in a cache of fixed size, so an Objects shows the file of one moment, about; a new
// one sees what was written since.
#pragma once

#include <memory>
#include <string_view>

#include "journal/format.h"
#include "journal/storage.h"

namespace gatevisor::journal {

class Objects {
 public:
  struct Data {
    DataObject object;
    std::uint64_t payload = 0;  ///< its offset
    std::uint64_t size = 0;     ///< of the payload
  };

  /// Checks the header: EBADMSG where it is none, EPROTONOSUPPORT where it needs what is unknown.
  static Expected<Objects> open(Storage& storage);

  const Header& header() const { return header_; }
  bool compact() const { return (header_.incompatible_flags & kIncompatibleCompact) != 0; }
  /// Left behind by a crash, being written, or cut off: the last pointers may be half there, so
  /// one that is bad is where a list ends. In a clean file it is an error.
  bool unclean() const { return unclean_; }
  /// No object goes beyond this.
  std::uint64_t limit() const { return limit_; }

  Expected<ObjectHeader> object(std::uint64_t offset, ObjectType type) const;
  Expected<Data> data(std::uint64_t offset) const;
  Expected<FieldObject> field(std::uint64_t offset) const;
  Expected<EntryObject> entry(std::uint64_t offset) const;

  /// Inside limit(), or EBADMSG.
  Expected<void> read(std::uint64_t offset, std::span<std::byte> bytes) const;

  template <typename T>
  Expected<T> read_as(std::uint64_t offset) const {
    if (offset <= map_.size() && map_.size() - offset >= sizeof(T)) {
      return load<T>(map_.data() + offset);
    }
    return read_value<T>(*this, offset);
  }

  /// Up to limit(), where the storage is mapped; else empty.
  std::span<const std::byte> map() const { return map_; }

  std::uint64_t hash(std::span<const std::byte> payload) const;
  /// Is `bytes` what is at `offset`?
  Expected<bool> equal(std::uint64_t offset, std::span<const std::byte> bytes) const;
  /// The offset of the data object with this payload, or the field object with this name. 0: none.
  Expected<std::uint64_t> find_data(std::span<const std::byte> payload) const;
  Expected<std::uint64_t> find_field(std::span<const std::byte> name) const;

  static std::unexpected<Error> bad(std::uint64_t offset, std::string_view what);

 private:
  static constexpr std::size_t kPage = 4096;
  static constexpr std::size_t kPages = 32;
  struct Page {
    std::uint64_t number = 0;
    std::size_t size = 0;  // 0: nothing was read
    std::array<std::byte, kPage> bytes;
  };

  Expected<void> check();
  void take_map();
  Expected<const Page*> page(std::uint64_t number) const;

  Storage* storage_ = nullptr;
  Header header_;
  std::uint64_t limit_ = 0;
  bool unclean_ = false;
  std::span<const std::byte> map_;
  std::unique_ptr<std::array<Page, kPages>> pages_;
};

}  // namespace gatevisor::journal
