// A journal file on the disk, as the journal room writes it.
#pragma once

#include <cstdint>
#include <span>
#include <utility>

#include "journal/storage.h"
#include "os/data_file.h"

namespace gatevisor::app {

class FileStorage : public journal::Storage {
 public:
  explicit FileStorage(os::DataFile file) : file_(std::move(file)) {}
  Expected<void> write(std::uint64_t offset, std::span<const std::byte> bytes) override {
    return file_.write(offset, bytes);
  }
  Expected<void> read(std::uint64_t offset, std::span<std::byte> bytes) override {
    return file_.read(offset, bytes);
  }
  std::uint64_t size() const override { return file_.size(); }
  Expected<void> allocate(std::uint64_t size) override { return file_.allocate(size); }
  os::DataFile& file() { return file_; }

 private:
  os::DataFile file_;
};

}  // namespace gatevisor::app
