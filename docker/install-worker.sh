#!/bin/sh
# Installs the built-in workers into the working folder: from the tarballs of `npm run pack` in the folder named by the
# first argument, with libraries at the versions of the lock file beside them, without ONNX Runtime for other platforms.
# The images run it, and so does the test that proves that its files are enough.
set -eu
tarballs=$1

# npm keeps to the versions of a lock file that it finds, and drops from it what is not wanted here.
echo '{ "private": true }' >package.json
npm install --omit=dev --ignore-scripts --no-audit --no-fund --loglevel=error \
  "$tarballs"/spillway-protocol-*.tgz "$tarballs"/spillway-sdk-*.tgz "$tarballs"/spillway-workers-*.tgz

binaries=node_modules/onnxruntime-node/bin/napi-v6
platform=$(node -p 'process.platform + "/" + process.arch')
find "$binaries" -mindepth 2 -maxdepth 2 ! -path "$binaries/$platform" -exec rm -rf {} +
find "$binaries" -type d -empty -delete
test -f "$binaries/$platform/onnxruntime_binding.node"
