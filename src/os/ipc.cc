#include "os/ipc.h"

#include <fcntl.h>
#include <sys/ipc.h>
#include <sys/msg.h>
#include <sys/sem.h>
#include <sys/shm.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <sstream>

#include "os/file.h"

namespace gatevisor::os {
namespace {

/// gatevisor does nothing else meanwhile. SHMMNI of the kernel, and its like, are 4096 by default.
constexpr unsigned kMost = 16'384;
/// Deeper than any library makes directories in /dev/shm.
constexpr int kDepth = 8;

using Remove = int(int id);
int remove_segment(int id) { return shmctl(id, IPC_RMID, nullptr); }
int remove_semaphores(int id) { return semctl(id, 0, IPC_RMID); }
int remove_queue(int id) { return msgctl(id, IPC_RMID, nullptr); }

class Remover {
 public:
  explicit Remover(const IpcOwner& owner) : owner_(owner) {}

  /// A table of /proc/sysvipc (proc(5)): a line of names, then one line an object.
  void remove_listed(const std::string& path, Remove* remove) {
    const auto table = read_file(path);
    if (!table) return;
    std::istringstream lines(*table);
    std::string line;
    std::getline(lines, line);
    const Columns columns(line);
    while (std::getline(lines, line) && left_ > 0) {
      const auto object = columns.read(line);
      if (!object.valid || !is_owners(object.uid, object.gid)) continue;
      --left_;
      note(remove(object.id) == 0, path);
    }
  }

  void remove_files(int above, const std::string& name, const std::string& whole, int depth) {
    const UniqueFd dir(
        openat(above, name.c_str(), O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC));
    if (!dir) return;
    for (const std::string& entry : names_at(dir.get(), ".")) {
      if (left_ == 0) return;
      struct stat info {};
      if (fstatat(dir.get(), entry.c_str(), &info, AT_SYMLINK_NOFOLLOW) != 0) continue;
      const bool directory = S_ISDIR(info.st_mode);
      const std::string path = whole + "/" + entry;
      if (directory && depth < kDepth) remove_files(dir.get(), entry, path, depth + 1);
      if (!is_owners(info.st_uid, info.st_gid)) continue;
      --left_;
      const int done = unlinkat(dir.get(), entry.c_str(), directory ? AT_REMOVEDIR : 0);
      // Something of another user is in it.
      note(done == 0 || (directory && (errno == ENOTEMPTY || errno == EEXIST)), path);
    }
  }

  Expected<void> result() {
    if (error_.code == 0) return {};
    return std::unexpected(std::move(error_));
  }

 private:
  struct Object {
    bool valid = false;
    int id = 0;
    unsigned uid = 0;
    unsigned gid = 0;
  };

  /// Of the three tables the columns are others.
  class Columns {
   public:
    explicit Columns(const std::string& header) {
      std::istringstream words(header);
      std::string word;
      for (int i = 0; words >> word; ++i) {
        if (word == "shmid" || word == "semid" || word == "msqid") id_ = i;
        if (word == "uid") uid_ = i;
        if (word == "gid") gid_ = i;
      }
    }
    Object read(const std::string& line) const {
      std::istringstream words(line);
      Object object;
      std::string word;
      int found = 0;
      for (int i = 0; words >> word; ++i) {
        if (i != id_ && i != uid_ && i != gid_) continue;
        const unsigned long value = std::strtoul(word.c_str(), nullptr, 10);
        if (i == id_) object.id = static_cast<int>(value);
        if (i == uid_) object.uid = static_cast<unsigned>(value);
        if (i == gid_) object.gid = static_cast<unsigned>(value);
        ++found;
      }
      object.valid = found == 3;
      return object;
    }

   private:
    int id_ = -1;
    int uid_ = -1;
    int gid_ = -1;
  };

  bool is_owners(unsigned uid, unsigned gid) const {
    return (owner_.uid != 0 && uid == owner_.uid) || (owner_.gid != 0 && gid == owner_.gid);
  }

  void note(bool done, const std::string& path) {
    if (done || errno == ENOENT || errno == EINVAL || errno == EIDRM) return;
    if (error_.code == 0) error_ = {"remove", path, errno, "RemoveIPC= leaves it"};
  }

  IpcOwner owner_;
  unsigned left_ = kMost;
  Error error_;
};

/// Whether a process of the user lives. One that changed its user itself counts as root's
/// (proc(5)).
bool has_processes(unsigned uid) {
  const UniqueFd proc(open("/proc", O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  for (const std::string& name : names_at(AT_FDCWD, "/proc")) {
    if (name.front() < '1' || name.front() > '9') continue;
    struct stat info {};
    if (fstatat(proc.get(), name.c_str(), &info, 0) == 0 && info.st_uid == uid) return true;
  }
  return false;
}

}  // namespace

Expected<void> remove_ipc(const IpcOwner& owner, const IpcPlaces& places) {
  if (owner.uid == 0 || has_processes(owner.uid)) return {};
  Remover remover(owner);
  remover.remove_listed(places.sysvipc + "/shm", remove_segment);
  remover.remove_listed(places.sysvipc + "/sem", remove_semaphores);
  remover.remove_listed(places.sysvipc + "/msg", remove_queue);
  remover.remove_files(AT_FDCWD, places.shared_memory, places.shared_memory, 0);
  remover.remove_files(AT_FDCWD, places.queues, places.queues, 0);
  return remover.result();
}

}  // namespace gatevisor::os
