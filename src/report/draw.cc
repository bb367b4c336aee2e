#include "report/draw.h"

namespace headspec::report {

std::string Draw(const std::string& what, std::vector<std::string>& names, Progress& progress,
                 const std::function<std::vector<std::string>()>& render) {
  try {
    Steps steps(&progress, "drawing " + what, 1);
    const std::vector<std::string> files = render();
    steps.Next();
    names.insert(names.end(), files.begin(), files.end());
    return "";
  } catch (const Error& e) {
    if (e.kind() == ErrorKind::kInterrupted) throw;
    return e.what();
  }
}

}  // namespace headspec::report
