export {
  type AnalysedVideo,
  type AnalyseOptions,
  AnalysisError,
  type AnalysisFile,
  type AnalysisProgress,
  analyseVideo,
  type VideoAnalysis,
} from './analyse-video.ts';
