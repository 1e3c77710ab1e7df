#include "os/background_writes.h"

#include <sys/eventfd.h>
#include <unistd.h>

#include <csignal>
#include <utility>

#include "gatevisor/file_change.h"

namespace gatevisor::os {
namespace {

/// The thread calls write functions and no more; a sanitizer makes frames larger.
constexpr std::size_t kStack = std::size_t{256} << 10;
/// The thread sleeps until there is that much: to wake it costs as much as to write some of it.
constexpr std::size_t kWorthWaking = std::size_t{512} << 10;
/// Vectors of those that were given, to be used again.
constexpr std::size_t kMostSpare = 8;

}  // namespace

BackgroundWrites::BackgroundWrites() : done_fd_(eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK)) {}

void BackgroundWrites::note_done() {
  std::uint64_t count = 0;
  (void)!read(done_fd_.get(), &count, sizeof count);
}

// ---- whose writes they are --------------------------------------------------------------------

bool BackgroundWrites::is_running() {
  if (running_ || refused_ || !done_fd_) return running_;
  pthread_attr_t attributes;
  pthread_attr_init(&attributes);
  pthread_attr_setstacksize(&attributes, kStack);
  // Signals are for those who wait for them.
  sigset_t all;
  sigset_t before;
  sigfillset(&all);
  pthread_sigmask(SIG_SETMASK, &all, &before);
  running_ = pthread_create(&thread_, &attributes, run_thread, this) == 0;
  pthread_sigmask(SIG_SETMASK, &before, nullptr);
  pthread_attr_destroy(&attributes);
  refused_ = !running_;
  return running_;
}

bool BackgroundWrites::write(const DataFile& file, std::uint64_t offset,
                             std::vector<std::byte>& memory, std::size_t size) {
  if (!is_running()) return false;
  const auto bytes = std::span(memory).first(size);
  put({.file = &file,
       .offset = offset,
       .memory = std::move(memory),
       .bytes = bytes,
       .work = nullptr});
  memory = {};
  if (!spare_.empty()) {
    memory = std::move(spare_.back());
    spare_.pop_back();
  }
  return true;
}

bool BackgroundWrites::add(Work& work) {
  if (!is_running()) return false;
  put({.file = nullptr, .offset = 0, .memory = {}, .bytes = {}, .work = &work});
  return true;
}

void BackgroundWrites::put(Job job) {
  std::unique_lock lock(mutex_);
  done_.wait(lock, [this] { return waiting_bytes_ < kMostWaiting; });
  retire();
  waiting_bytes_ += job.bytes.size();
  has_work_ |= job.work != nullptr;
  const bool worth_it = waiting_bytes_ >= kWorthWaking || job.work != nullptr;
  jobs_.push_back(std::move(job));
  lock.unlock();
  if (worth_it) given_.notify_one();
}

/// Takes away what is done. Under the lock.
void BackgroundWrites::retire() {
  for (; done_jobs_ > 0; --done_jobs_) {
    std::vector<std::byte>& memory = jobs_.front().memory;
    if (!memory.empty() && spare_.size() < kMostSpare) spare_.push_back(std::move(memory));
    jobs_.pop_front();
  }
}

bool BackgroundWrites::is_idle() {
  const std::scoped_lock lock(mutex_);
  retire();
  return jobs_.empty() && result_.has_value();
}

bool BackgroundWrites::is_work_done() const {
  const std::scoped_lock lock(mutex_);
  return !has_work_;
}

Expected<void> BackgroundWrites::wait_for_work() {
  std::unique_lock lock(mutex_);
  done_.wait(lock, [this] { return !has_work_; });
  return result_;
}

Expected<void> BackgroundWrites::wait() {
  given_.notify_one();
  std::unique_lock lock(mutex_);
  done_.wait(lock, [this] { return done_jobs_ == jobs_.size(); });
  retire();
  return std::exchange(result_, {});
}

void BackgroundWrites::overlay(std::uint64_t offset, std::span<std::byte> bytes) const {
  // Who gives them is who asks: no other adds or removes any, and nobody changes one.
  for (const Job& job : jobs_) lay_over({job.offset, job.bytes}, offset, bytes);
}

void BackgroundWrites::release() {
  if (running_) {
    {
      const std::scoped_lock lock(mutex_);
      ending_ = true;
    }
    given_.notify_one();
    pthread_join(thread_, nullptr);
    ending_ = false;
    running_ = false;
  }
  batch_.release();
  refused_ = false;
  spare_ = {};
}

// ---- the thread -------------------------------------------------------------------------------

void* BackgroundWrites::run_thread(void* self) {
  static_cast<BackgroundWrites*>(self)->run();
  return nullptr;
}

void BackgroundWrites::run() {
  std::unique_lock lock(mutex_);
  for (;;) {
    given_.wait(lock, [this] { return done_jobs_ < jobs_.size() || ending_; });
    if (done_jobs_ == jobs_.size()) break;
    const Job& job = jobs_[done_jobs_];
    Work* const work = job.work;
    if (result_) {
      lock.unlock();
      auto written =
          work != nullptr ? work->run(batch_) : job.file->write_inside(job.offset, job.bytes);
      lock.lock();
      result_ = std::move(written);
    }
    waiting_bytes_ -= job.bytes.size();
    has_work_ &= work == nullptr;
    ++done_jobs_;
    done_.notify_one();
    if (work != nullptr) {
      const std::uint64_t one = 1;
      (void)!::write(done_fd_.get(), &one, sizeof one);
    }
  }
}

}  // namespace gatevisor::os
