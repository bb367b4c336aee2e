// A file descriptor that is closed on every path.
#pragma once

#include <unistd.h>

#include <utility>

namespace headspec {

class FileDescriptor {
 public:
  // What open() returned: negative if it failed, and then nothing is closed.
  explicit FileDescriptor(int value) : value_(value) {}
  ~FileDescriptor() {
    if (value_ >= 0) close(value_);
  }
  FileDescriptor(const FileDescriptor&) = delete;
  FileDescriptor& operator=(const FileDescriptor&) = delete;

  int value() const { return value_; }

  // Closes what it had and takes another one.
  void Reset(int value) {
    if (value_ >= 0) close(value_);
    value_ = value;
  }

  // Closes now, for what the system only says at the end (a full disk): what close() returned, errno set.
  int Close() { return close(std::exchange(value_, -1)); }

 private:
  int value_;
};

}  // namespace headspec
