# Libraries as archives, for a pais-host that is carried to other machines (scripts/wheel).
#
# What the distribution has as archives is taken from there, cpp-httplib from its sources: there is no archive of it.

# pais_archive(<target> <library>): programs get the archive. Modules get the shared library, for archives of a
# distribution are compiled for programs alone.
function(pais_archive target library)
  find_library(${library}_ARCHIVE lib${library}.a REQUIRED)
  find_library(${library}_SHARED ${library} REQUIRED)
  add_library(${target} INTERFACE IMPORTED)
  target_link_libraries(${target} INTERFACE
    "$<IF:$<STREQUAL:$<TARGET_PROPERTY:TYPE>,EXECUTABLE>,${${library}_ARCHIVE},${${library}_SHARED}>")
endfunction()

# OpenSSL's archives are good for modules too; what is in them stays in there.
set(OPENSSL_USE_STATIC_LIBS ON)
find_package(OpenSSL REQUIRED)
target_link_options(pais_options INTERFACE LINKER:--exclude-libs,ALL)

pais_archive(PkgConfig::hiredis hiredis)
pais_archive(PkgConfig::nghttp2 nghttp2)
pais_archive(SQLite::SQLite3 sqlite3)
pais_archive(ZLIB::ZLIB z)
pais_fetch_httplib()
