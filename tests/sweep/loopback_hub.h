// tests/hub/hub_server.py as a child process: a hub on the loopback interface for as long as the object
// lives.
#pragma once

#include <gtest/gtest.h>
#include <sys/wait.h>
#include <unistd.h>

#include <csignal>
#include <stdexcept>
#include <string>
#include <vector>

namespace headspec {

class LoopbackHub {
 public:
  // `arguments` as the program takes them: "--repo", "org/name=folder", ...
  explicit LoopbackHub(const std::vector<std::string>& arguments) {
    int ends[2] = {};
    if (::pipe(ends) != 0) throw std::runtime_error("no pipe");
    process_ = ::fork();
    if (process_ == 0) {
      ::dup2(ends[1], 1);
      ::close(ends[0]);
      ::close(ends[1]);
      const std::string program = std::string(HEADSPEC_TEST_DATA) + "/hub/hub_server.py";
      std::vector<const char*> words = {"python3", program.c_str()};
      for (const std::string& argument : arguments) words.push_back(argument.c_str());
      words.push_back(nullptr);
      ::execvp("python3", const_cast<char* const*>(words.data()));
      ::_exit(127);
    }
    ::close(ends[1]);
    for (char c = 0; ::read(ends[0], &c, 1) == 1 && c != '\n';) url_ += c;
    ::close(ends[0]);
    if (url_.empty()) throw std::runtime_error("the hub did not begin");
  }
  ~LoopbackHub() { Stop(); }
  LoopbackHub(const LoopbackHub&) = delete;
  LoopbackHub& operator=(const LoopbackHub&) = delete;

  void Stop() {
    if (process_ <= 0) return;
    ::kill(process_, SIGKILL);
    ::waitpid(process_, nullptr, 0);
    process_ = 0;
  }
  const std::string& url() const { return url_; }

 private:
  pid_t process_ = 0;
  std::string url_;
};

}  // namespace headspec
