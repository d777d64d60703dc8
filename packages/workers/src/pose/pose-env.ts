/** Variables that name the models. A file of its own, so that listing them loads no library. */
export const POSE_ENV = ['PERSON_DETECTOR', 'POSE_MODEL'] as const;
