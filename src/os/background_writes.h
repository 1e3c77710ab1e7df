// Writes to a file that are made while who gave them does something else, one after the other.
//
// Owns a thread, which is made for the first of them, and what is still to be written. Where no
// thread can be had it takes nothing. All of one file: wait() comes before another's first one.
#pragma once

#include <pthread.h>

#include <condition_variable>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <mutex>
#include <span>
#include <vector>

#include "gatevisor/error.h"
#include "os/data_file.h"
#include "os/unique_fd.h"
#include "os/write_batch.h"

namespace gatevisor::os {

class BackgroundWrites {
 public:
  /// Bytes that wait; who gives more waits, too.
  static constexpr std::size_t kMostWaiting = std::size_t{2} << 20;

  BackgroundWrites();
  BackgroundWrites(const BackgroundWrites&) = delete;
  BackgroundWrites& operator=(const BackgroundWrites&) = delete;
  ~BackgroundWrites() { release(); }

  /// Readable once work was done. -1: there is nothing to wait for.
  int fd() const { return done_fd_.get(); }
  /// It is not, until the next one is.
  void note_done();

  /// The first `size` of `memory`, inside the file's size. Takes the memory, and puts other there,
  /// or none. False: it takes nothing.
  bool write(const DataFile& file, std::uint64_t offset, std::vector<std::byte>& memory,
             std::size_t size);
  /// More that is to be done in its turn; one at a time.
  class Work {
   public:
    virtual Expected<void> run(WriteBatch& batch) = 0;

   protected:
    ~Work() = default;
  };
  /// `work` stays where it is until it is done. False: it is not taken.
  bool add(Work& work);

  /// All is written, and nothing has failed.
  bool is_idle();
  /// To be written with meanwhile: for both of them, since it takes its time to give one back.
  WriteBatch& batch() { return batch_; }
  bool is_work_done() const;
  /// Until it is. Error: it, or what came before it, failed; nothing is written until wait().
  Expected<void> wait_for_work();
  /// Until all is written. The first error since the last time: what came after it is not written.
  Expected<void> wait();

  /// `bytes` were read from the file at `offset`: makes them what write() makes of them.
  void overlay(std::uint64_t offset, std::span<std::byte> bytes) const;

  /// Waits, and ends the thread until there is something to write again.
  void release();

 private:
  struct Job {
    const DataFile* file;
    std::uint64_t offset;
    std::vector<std::byte> memory;
    std::span<const std::byte> bytes;  // of the memory
    Work* work;
  };

  bool is_running();
  void put(Job job);
  void retire();
  void run();
  static void* run_thread(void* self);

  UniqueFd done_fd_;
  pthread_t thread_{};
  bool running_ = false;
  bool refused_ = false;  // no thread was to be had, since release()
  std::vector<std::vector<std::byte>> spare_;
  WriteBatch batch_;  // the thread's, unless all is written
  mutable std::mutex mutex_;
  std::condition_variable given_;
  std::condition_variable done_;
  // Guarded from here on. The thread has the first job that is not done without the lock: only
  // done ones are taken away, and only by who gives them.
  std::deque<Job> jobs_;
  std::size_t done_jobs_ = 0;  // of jobs_
  std::size_t waiting_bytes_ = 0;
  bool has_work_ = false;
  Expected<void> result_;
  bool ending_ = false;
};

}  // namespace gatevisor::os
