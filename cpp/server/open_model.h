// The model that the settings ask for.
#pragma once

#include <memory>

#include "base/settings.h"
#include "http/client.h"
#include "model/model_source.h"

namespace pais::server {

// Null when none is configured, or the settings name none that could be asked: the log says why.
// `follower` follows the requests to it; null: nobody does.
std::shared_ptr<model::ModelSource> open_model(const Settings& settings, std::shared_ptr<http::CallFollower> follower);

}  // namespace pais::server
