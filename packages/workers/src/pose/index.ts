export {
  type ChosenPerson,
  choosePerson,
  NoSuchPersonError,
  type PersonChoice,
} from './choose-person.ts';
export type { PoseFrame } from './frame-buffers.ts';
export { choosePoseModels, type PoseModels, poseEnvironmentShape } from './model-choice.ts';
export { personSettingSchema } from './person-setting.ts';
export { POSE_ENV } from './pose-env.ts';
export type { PoseKeypoint } from './pose-estimator.ts';
export { createPoseReader, type PoseReader, type PoseReaderOptions } from './pose-reader.ts';
export {
  DEFAULT_READ_SETTINGS,
  type PosePerson,
  type PoseSample,
  type ReadOptions,
  type ReadSettings,
} from './read-poses.ts';
export type { TrackEnd, TrackerState } from './tracking/tracker.ts';
