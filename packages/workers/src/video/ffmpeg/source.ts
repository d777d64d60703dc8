import path from 'node:path';
import { VideoError } from '../video-error.ts';

/**
 * Containers that users' videos come in, and sound files, so that they can be called that. Nothing else is opened:
 * playlists (HLS, DASH, concat), picture patterns and devices would let a file name other files and hosts.
 */
const CONTAINERS =
  'mov,mp4,m4v,3gp,matroska,webm,avi,mpegts,mpeg,mpegvideo,flv,asf,ogg,mxf,dv,h264,hevc,ivf,av1,obu,wtv,rm,yuv4mpegpipe,mp3,wav,aac,flac';

/**
 * ffmpeg's arguments that open a video: a local path, or an https URL that the caller has checked. Of a URL ffmpeg follows
 * redirects by itself (to https only), so it has to be one of a store that is trusted.
 * @throws VideoError `SOURCE_UNAVAILABLE` for any other scheme.
 */
export function sourceArguments(source: string): string[] {
  const whitelist = ['-format_whitelist', CONTAINERS];
  const scheme = /^([a-z][a-z\d+.-]+):\/\//i.exec(source)?.[1]?.toLowerCase();
  if (scheme === undefined) {
    // As a whole path behind `file:` no name is taken for an option or a protocol.
    return [...whitelist, '-protocol_whitelist', 'file', '-i', `file:${path.resolve(source)}`];
  }
  if (scheme !== 'https') {
    throw new VideoError(
      'SOURCE_UNAVAILABLE',
      `Videos are read from a local file or an https URL, not from ${scheme}.`,
    );
  }
  const ownAuthorities = process.env.NODE_EXTRA_CA_CERTS;
  return [
    ...[...whitelist, '-protocol_whitelist', 'https,tls,tcp', '-tls_verify', '1'],
    ...(ownAuthorities ? ['-ca_file', ownAuthorities] : []),
    ...['-reconnect', '1', '-reconnect_delay_max', '10', '-rw_timeout', '30000000'],
    ...['-i', source],
  ];
}
