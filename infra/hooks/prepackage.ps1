# Stops `azd package` and a bare `azd deploy`, which would upload this folder without its dependencies.
Write-Output @'
This app is deployed as a package that is built here:
    python -m scripts.package
    azd deploy api --from-package build/package.zip
(`azd up` does both, with provisioning in between.)
'@
exit 1
