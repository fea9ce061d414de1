#include "telemetry/resource.h"

#include <algorithm>
#include <array>
#include <unistd.h>

#include "base/ids.h"

namespace pais::telemetry {
namespace {

// A random UUID, version 4.
std::string new_instance_id() {
  std::string id = random_hex(32);
  constexpr std::string_view kVariants = "89ab";
  id[12] = '4';
  id[16] = kVariants[static_cast<unsigned char>(id[16]) % kVariants.size()];
  for (const std::size_t at : {8U, 13U, 18U, 23U}) id.insert(at, "-");
  return id;
}

class Gathered {
 public:
  // Unless it is known already, or says nothing.
  void add(const std::string& key, const std::string& value) {
    const auto same = [&](const auto& attribute) { return attribute.first == key; };
    if (!value.empty() && std::ranges::none_of(attributes_, same)) attributes_.emplace_back(key, value);
  }

  Attributes take() && { return std::move(attributes_); }

 private:
  Attributes attributes_;
};

}  // namespace

Surroundings Surroundings::here() {
  std::array<char, 256> name{};
  const bool named = ::gethostname(name.data(), name.size() - 1) == 0;
  return {.environment = process_environment(),
          .host_name = named ? std::string(name.data()) : std::string(),
          .instance_id = new_instance_id()};
}

Attributes resource_attributes(const Settings& settings, const Surroundings& surroundings) {
  const auto variable = [&](const char* name) {
    const auto found = surroundings.environment.find(name);
    return found == surroundings.environment.end() ? std::string() : found->second;
  };
  const bool in_kubernetes = !variable("KUBERNETES_SERVICE_HOST").empty();
  const std::string pod = variable("POD_NAME");

  Gathered all;
  all.add("service.name", settings.service_name());
  all.add("telemetry.sdk.name", "pais");
  all.add("telemetry.sdk.language", "cpp");
  all.add("telemetry.sdk.version", PAIS_VERSION);
  for (const auto& [key, value] : settings.otel_resource_attributes) all.add(key, value);
  all.add("service.version", PAIS_VERSION);
  all.add("service.instance.id", surroundings.instance_id);
  all.add("host.name", surroundings.host_name);
  all.add("k8s.pod.name", pod.empty() && in_kubernetes ? variable("HOSTNAME") : pod);
  all.add("k8s.pod.uid", variable("POD_UID"));
  all.add("k8s.namespace.name", variable("POD_NAMESPACE"));
  all.add("k8s.node.name", variable("NODE_NAME"));
  return std::move(all).take();
}

}  // namespace pais::telemetry
