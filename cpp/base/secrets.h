// Keeping secrets out of logs, messages and listings.
#pragma once

#include <string>
#include <string_view>

namespace pais {

// A name that ends in KEY, TOKEN, SECRET or PASSWORD, in any letter case: what it holds is never shown.
bool names_a_secret(std::string_view name);

// The same text with the credentials of its URL masked: "redis://user:pass@host" becomes "redis://user:***@host", a
// lone "token@" becomes "***@", and so do the values of query parameters whose names say that they are secret. Errs
// on the side of hiding: whatever may be part of a password is masked, up to the last "@", so with an "@" in its path
// or its query a URL may lose its host, too.
std::string mask_url(std::string_view url);

}  // namespace pais
