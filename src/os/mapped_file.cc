#include "os/mapped_file.h"

#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include <array>
#include <atomic>
#include <cerrno>
#include <csignal>
#include <utility>

namespace gatevisor::os {
namespace {

/// What is mapped, for the signal handler. It runs in the thread that touched the page, but a slot
/// may be half written when a signal comes: so the size is set last and cleared first.
struct Slot {
  std::atomic<std::uintptr_t> begin{0};
  std::atomic<std::size_t> size{0};
};
constexpr std::size_t kMostFiles = 4096;
std::array<Slot, kMostFiles> g_slots;
std::atomic<std::size_t> g_used{0};
std::uintptr_t g_page = 4096;

static_assert(std::atomic<std::uintptr_t>::is_always_lock_free);

// Only what signal-safety(7) and the kernel's mmap(2) allow. The page becomes zeros, and the load
// that failed is done again.
void on_bus_error(int signal, siginfo_t* info, void*) {
  const auto address = reinterpret_cast<std::uintptr_t>(info->si_addr);
  for (std::size_t i = 0; i < g_used; ++i) {
    const std::uintptr_t begin = g_slots[i].begin;
    if (address < begin || address - begin >= g_slots[i].size) continue;
    void* const page = reinterpret_cast<void*>(address / g_page * g_page);
    if (mmap(page, g_page, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0) == page) {
      return;
    }
    break;
  }
  // Not ours: the default action, when the same instruction fails again.
  struct sigaction plain {};
  plain.sa_handler = SIG_DFL;
  sigaction(signal, &plain, nullptr);
}

void catch_bus_errors() {
  static const bool done = [] {
    g_page = static_cast<std::uintptr_t>(sysconf(_SC_PAGESIZE));
    struct sigaction action {};
    action.sa_sigaction = on_bus_error;
    action.sa_flags = SA_SIGINFO;
    return sigaction(SIGBUS, &action, nullptr) == 0;
  }();
  (void)done;
}

bool remember(const std::byte* data, std::size_t size) {
  for (std::size_t i = 0; i < kMostFiles; ++i) {
    if (g_slots[i].size != 0) continue;
    g_slots[i].begin = reinterpret_cast<std::uintptr_t>(data);
    g_slots[i].size = size;
    if (i >= g_used) g_used = i + 1;
    return true;
  }
  return false;
}

void forget(const std::byte* data) {
  for (std::size_t i = 0; i < g_used; ++i) {
    if (g_slots[i].begin == reinterpret_cast<std::uintptr_t>(data)) g_slots[i].size = 0;
  }
}

}  // namespace

Expected<MappedFile> MappedFile::open(const std::string& path) {
  catch_bus_errors();
  MappedFile file;
  file.path_ = path;
  file.fd_.reset(::open(path.c_str(), O_RDONLY | O_NONBLOCK | O_CLOEXEC));
  struct stat info {};
  if (!file.fd_ || fstat(file.fd_.get(), &info) != 0) return fail("open", path, errno);
  if (!S_ISREG(info.st_mode)) return fail("open", path, ENXIO);
  file.identity_ = {info.st_dev, info.st_ino};
  if (auto mapped = file.refresh(); !mapped) return std::unexpected(std::move(mapped.error()));
  return file;
}

MappedFile::MappedFile(MappedFile&& other) noexcept { *this = std::move(other); }

MappedFile& MappedFile::operator=(MappedFile&& other) noexcept {
  if (this == &other) return *this;
  unmap();
  fd_ = std::move(other.fd_);
  path_ = std::move(other.path_);
  data_ = std::exchange(other.data_, nullptr);
  size_ = std::exchange(other.size_, 0);
  identity_ = other.identity_;
  return *this;
}

MappedFile::~MappedFile() { unmap(); }

void MappedFile::unmap() {
  if (data_ == nullptr) return;
  forget(data_);
  munmap(const_cast<std::byte*>(data_), size_);
  data_ = nullptr;
  size_ = 0;
}

Expected<MappedFile::State> MappedFile::state() const {
  struct stat info {};
  if (fstat(fd_.get(), &info) != 0) return fail("fstat", path_, errno);
  return State{static_cast<std::uint64_t>(info.st_blocks) * 512, info.st_nlink == 0};
}

Expected<void> MappedFile::refresh() {
  struct stat info {};
  if (fstat(fd_.get(), &info) != 0) return fail("fstat", path_, errno);
  const auto size = static_cast<std::size_t>(info.st_size);
  if (size <= size_) return {};
  void* const mapped = mmap(nullptr, size, PROT_READ, MAP_SHARED, fd_.get(), 0);
  if (mapped == MAP_FAILED) return fail("mmap", path_, errno);
  const auto* data = static_cast<const std::byte*>(mapped);
  if (!remember(data, size)) {
    munmap(mapped, size);
    return fail("mmap", path_, EMFILE);
  }
  unmap();
  data_ = data;
  size_ = size;
  return {};
}

}  // namespace gatevisor::os
