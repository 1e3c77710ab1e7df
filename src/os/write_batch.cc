#include "os/write_batch.h"

#include <sys/syscall.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>

namespace gatevisor::os {

// The C library has none of these.
bool WriteBatch::is_there() {
  if (context_ == 0 && !refused_) refused_ = syscall(SYS_io_setup, kMost, &context_) != 0;
  return context_ != 0;
}

void WriteBatch::release() {
  if (context_ != 0) (void)syscall(SYS_io_destroy, context_);
  context_ = 0;
  refused_ = false;
}

std::size_t WriteBatch::write(int fd, std::span<const FileChange> changes) {
  const std::size_t count = std::min(changes.size(), kMost);
  if (!is_there()) return 0;
  for (std::size_t i = 0; i < count; ++i) {
    iocb& call = calls_[i];
    call = {};
    call.aio_data = i;
    call.aio_lio_opcode = IOCB_CMD_PWRITE;
    call.aio_fildes = static_cast<std::uint32_t>(fd);
    call.aio_buf = reinterpret_cast<std::uintptr_t>(changes[i].bytes.data());
    call.aio_nbytes = changes[i].bytes.size();
    call.aio_offset = static_cast<std::int64_t>(changes[i].offset);
    pointers_[i] = &call;
  }
  const long submitted = syscall(SYS_io_submit, context_, count, pointers_.data());
  if (submitted <= 0) return 0;
  // Each one that was taken is answered for: an answer that was left behind would be another
  // batch's.
  long answered = 0;
  std::size_t whole = static_cast<std::size_t>(submitted);
  while (answered < submitted) {
    const long got = syscall(SYS_io_getevents, context_, submitted - answered, submitted - answered,
                             events_.data(), nullptr);
    if (got < 0 && errno == EINTR) continue;
    if (got <= 0) return 0;
    for (const io_event& event : std::span(events_).first(static_cast<std::size_t>(got))) {
      const auto i = static_cast<std::size_t>(event.data);
      const bool done =
          event.res >= 0 && static_cast<std::uint64_t>(event.res) == changes[i].bytes.size();
      if (!done) whole = std::min(whole, i);
    }
    answered += got;
  }
  return whole;
}

}  // namespace gatevisor::os
