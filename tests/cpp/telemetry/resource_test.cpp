#include "telemetry/resource.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace pais::telemetry {
namespace {

using ::testing::Contains;
using ::testing::Key;
using ::testing::Not;
using ::testing::Pair;
using ::testing::UnorderedElementsAre;

Value text(const std::string& value) {
  return value;
}

Settings named(const std::string& agent, const std::string& service = {}) {
  Settings settings;
  settings.agent_name = agent;
  settings.otel_service_name = service;
  return settings;
}

TEST(Resource, SaysTheServiceTheLibraryTheInstanceAndTheHost) {
  const Attributes all = resource_attributes(named("helper"), {.host_name = "box", .instance_id = "one"});

  EXPECT_THAT(all,
              UnorderedElementsAre(Pair("service.name", text("helper")), Pair("service.version", text(PAIS_VERSION)),
                                   Pair("service.instance.id", text("one")), Pair("telemetry.sdk.name", text("pais")),
                                   Pair("telemetry.sdk.language", text("cpp")),
                                   Pair("telemetry.sdk.version", text(PAIS_VERSION)), Pair("host.name", text("box"))));
}

TEST(Resource, PrefersTheNameOfTheServiceToThatOfTheAgent) {
  const Attributes all = resource_attributes(named("helper", "helper-service"), {});

  EXPECT_THAT(all, Contains(Pair("service.name", text("helper-service"))));
}

TEST(Resource, TakesWhatTheDeploymentSaysBeforeWhatItFinds) {
  Settings settings = named("helper");
  settings.otel_resource_attributes = {{"service.namespace", "demo"},
                                       {"service.version", "7"},
                                       {"service.name", "another"},
                                       {"telemetry.sdk.language", "cobol"},
                                       {"service.instance.id", "fixed"}};

  const Attributes all = resource_attributes(settings, {.instance_id = "found"});

  EXPECT_THAT(all, Contains(Pair("service.namespace", text("demo"))));
  EXPECT_THAT(all, Contains(Pair("service.version", text("7"))));
  EXPECT_THAT(all, Contains(Pair("service.instance.id", text("fixed"))));
  EXPECT_THAT(all, Contains(Pair("service.name", text("helper"))));
  EXPECT_THAT(all, Contains(Pair("telemetry.sdk.language", text("cpp"))));
}

TEST(Resource, NamesThePodAndItsNode) {
  const Surroundings pod = {.environment = {{"POD_NAME", "helper-7f"},
                                            {"POD_NAMESPACE", "demo"},
                                            {"POD_UID", "ab-cd"},
                                            {"NODE_NAME", "node-1"},
                                            {"HOSTNAME", "ignored"}}};

  const Attributes all = resource_attributes(named("helper"), pod);

  EXPECT_THAT(all, Contains(Pair("k8s.pod.name", text("helper-7f"))));
  EXPECT_THAT(all, Contains(Pair("k8s.namespace.name", text("demo"))));
  EXPECT_THAT(all, Contains(Pair("k8s.pod.uid", text("ab-cd"))));
  EXPECT_THAT(all, Contains(Pair("k8s.node.name", text("node-1"))));
}

TEST(Resource, TakesTheHostNameForThePodsOnlyInsideKubernetes) {
  const Surroundings inside = {.environment = {{"HOSTNAME", "helper-7f"}, {"KUBERNETES_SERVICE_HOST", "10.0.0.1"}}};
  const Surroundings outside = {.environment = {{"HOSTNAME", "laptop"}}};

  EXPECT_THAT(resource_attributes(named("helper"), inside), Contains(Pair("k8s.pod.name", text("helper-7f"))));
  EXPECT_THAT(resource_attributes(named("helper"), outside), Not(Contains(Key("k8s.pod.name"))));
}

TEST(Resource, GivesEachProcessAnIdOfItsOwn) {
  EXPECT_NE(Surroundings::here().instance_id, Surroundings::here().instance_id);
  EXPECT_EQ(Surroundings::here().instance_id.size(), 36U);
}

}  // namespace
}  // namespace pais::telemetry
