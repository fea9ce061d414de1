# The libraries PAIS stands on.
#
# Each is looked for in the distribution first. One that is missing is fetched from its own repository at a fixed
# commit when -DPAIS_FETCH_MISSING=ON says so (cmake/PaisFetch.cmake); otherwise the configuration ends and names the
# package to install.

option(PAIS_FETCH_MISSING "Fetch libraries that the distribution does not have" OFF)
option(PAIS_FETCH_ALL "Fetch all libraries, also those that the distribution has" OFF)
option(PAIS_STATIC "Make a pais-host that needs nothing but the C library where it runs" OFF)
if(PAIS_FETCH_MISSING OR PAIS_FETCH_ALL OR PAIS_STATIC)
  enable_language(C)
  include(PaisFetch)
endif()

find_package(Threads REQUIRED)
find_package(PkgConfig QUIET)

# pais_need(<name> TARGET <target> PACKAGE <Debian package>
#           PKG_CONFIG <module> | FIND_PACKAGE <package> | HEADER <file>)
#
# Makes <target> available, in the one way its package can be found.
function(pais_need name)
  cmake_parse_arguments(PARSE_ARGV 1 need "" "TARGET;PACKAGE;PKG_CONFIG;FIND_PACKAGE;HEADER" "")
  if(NOT PAIS_FETCH_ALL AND NOT TARGET ${need_TARGET})
    if(need_FIND_PACKAGE)
      find_package(${need_FIND_PACKAGE} QUIET)
    elseif(need_PKG_CONFIG AND PKG_CONFIG_FOUND)
      pkg_check_modules(${name} QUIET IMPORTED_TARGET ${need_PKG_CONFIG})
    elseif(need_HEADER)
      find_path(${name}_INCLUDE_DIR ${need_HEADER})
      if(${name}_INCLUDE_DIR)
        add_library(${need_TARGET} INTERFACE IMPORTED)
        target_include_directories(${need_TARGET} INTERFACE "${${name}_INCLUDE_DIR}")
      endif()
    endif()
  endif()
  if(TARGET ${need_TARGET})
    return()
  endif()
  if(PAIS_FETCH_MISSING OR PAIS_FETCH_ALL)
    message(STATUS "Fetching ${name}")
    cmake_language(CALL pais_fetch_${name})
    return()
  endif()
  set(way "install the Debian package ${need_PACKAGE} or configure with -DPAIS_FETCH_MISSING=ON")
  message(FATAL_ERROR "PAIS needs ${name}: ${way}.")
endfunction()

if(PAIS_STATIC)
  include(PaisStatic)
endif()
pais_need(nlohmann_json TARGET nlohmann_json::nlohmann_json PACKAGE nlohmann-json3-dev FIND_PACKAGE nlohmann_json)
pais_need(openssl TARGET OpenSSL::SSL PACKAGE libssl-dev FIND_PACKAGE OpenSSL)
pais_need(zlib TARGET ZLIB::ZLIB PACKAGE zlib1g-dev FIND_PACKAGE ZLIB)
pais_need(httplib TARGET PkgConfig::httplib PACKAGE libcpp-httplib-dev PKG_CONFIG cpp-httplib>=0.11)
pais_need(hiredis TARGET PkgConfig::hiredis PACKAGE libhiredis-dev PKG_CONFIG hiredis)
pais_need(nghttp2 TARGET PkgConfig::nghttp2 PACKAGE libnghttp2-dev PKG_CONFIG libnghttp2)
pais_need(sqlite TARGET SQLite::SQLite3 PACKAGE libsqlite3-dev FIND_PACKAGE SQLite3)
pais_need(protozero TARGET protozero::protozero PACKAGE libprotozero-dev HEADER protozero/pbf_reader.hpp)
if(PAIS_BUILD_TESTS)
  pais_need(googletest TARGET GTest::gmock PACKAGE libgmock-dev FIND_PACKAGE GTest)
  include(GoogleTest)
endif()
