// Files of the hub into the blobs of the cache: several at once, continued where an earlier try stopped,
// verified before they get their name.
#pragma once

#include <string>
#include <vector>

#include "hub/cache.h"
#include "hub/exchange.h"
#include "hub/remote.h"

namespace headspec::hub {

// Those whose blob is there already are left alone. Throws Error(kSystem): no space, no network, bytes that
// are not what the hub announced. What arrived stays as .incomplete and is used the next time.
void DownloadBlobs(const Line& line, const Repository& repository, const std::string& commit,
                   const std::vector<RemoteFile>& files);

}  // namespace headspec::hub
