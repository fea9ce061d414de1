// The listener that tells the log of turns that failed: one line each, with the true cause.
#pragma once

#include "events/run.h"

namespace pais::server {

class RunLog : public events::RunListener {
 public:
  explicit RunLog(const events::RunIdentity& identity) : identity_(identity) {}
  void on(const events::RunEvent& event) override;

 private:
  const events::RunIdentity& identity_;
};

}  // namespace pais::server
