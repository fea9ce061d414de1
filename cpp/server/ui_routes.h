// The chat page at /ui: files that are built into the host. They hold no data, so nobody needs a key to get them; what
// the page then asks the agent for is asked with the key that its visitor has typed in.
#pragma once

#include <span>
#include <string_view>
#include <vector>

#include "base/settings.h"
#include "http/server.h"

namespace pais::server {

// `index.html` is the page at /ui, every other one is at /ui/<name>.
struct UiFile {
  std::string_view name;
  std::string_view tag;  // changes with the content; in quotes, as ETag wants it
  std::string_view content;
};

std::span<const UiFile> ui_files();

// None when `reach` is off.
std::vector<http::Route> ui_routes(Reach reach);

}  // namespace pais::server
