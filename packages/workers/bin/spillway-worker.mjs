#!/usr/bin/env node
// A built-in worker: `spillway-worker detect`, or WORKER=detect. What RunPod starts in an image.
import '@spillway/workers/main';
