#!/bin/sh
# Stops `azd package` and a bare `azd deploy`, which would upload this folder without its dependencies.
cat >&2 <<'TEXT'
This app is deployed as a package that is built here:
    make package
    azd deploy api --from-package build/package.zip
(`azd up` does both, with provisioning in between.)
TEXT
exit 1
