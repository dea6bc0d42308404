// Package check is the QA engine: it pushes every representation of a presentation, or every track of a file, through
// the buffer and the decoders as fast as the machine allows, and reports what is there and what is wrong with it.
//
// [Run] opens a source and makes a task of each representation. A task fetches the segments one after the other, ahead of
// their use, and gives them to a pipe: a MediaSource with one SourceBuffer, played by a small driver instead of a media
// element. The pipe appends a piece, lets a decode worker take all of it into a sink that counts, removes what lies behind
// and appends the next piece. So memory does not grow with the length of the media, and every run gives the same counts.
//
// What is measured is measured where the parser hands its frames to the buffer, on the time stamps of the container. The
// buffer itself gets another timeline, on which the frames follow one another whatever those say: everything that the
// segments hold is to be decoded and counted, media before the start or beyond the end of its period, or that goes back
// in time, included. From the periods follows what of it would be presented.
//
// Floating media, whose times do not say where it belongs, is measured by stretches of continuous times, and put on the
// timeline when all tracks are done: of each stretch one track decides for all, so that every run gives the same. A live
// presentation on a server is watched for a while, with the lists and the server's clock as in playback, periods that begin meanwhile
// included, and each version of a manifest or playlist compared with the one before; one that is a file is taken as it is.
//
// Pictures are compared with those of a reference when all tracks are done, because only then it is known where floating media
// lies and by how much the times of both differ: prints of the pictures, taken on the way, tell that. Then each track of pictures
// is decoded once more, the reference with it, so that two pictures of either are in memory at a time. Both passes over the
// reference have a run of their own.
//
// A missing or broken segment is a finding, and the check goes on with the next segment. Which findings there are is a
// table, see [Rules]; a new rule needs a row there and a place in judge, where the measures of a track are looked at, or in
// overall, where tracks and periods are compared.
//
// # Ownership
//
// Fetched bytes pass to the buffer; pictures and sound blocks are released as they come. A Report belongs to the caller.
//
// # Concurrency
//
// Run blocks; everything it starts has ended when it returns. Up to Options.Jobs tasks run at the same time. Each has a
// goroutine that drives, one that fetches and one for each stream that is decoded; none of them shares what it measures
// with another before the task is done. The end of the context wakes all of them.
//
// # Errors
//
// What is wrong with the source is in the report. Run fails only when the source cannot be opened, when its context ends,
// when a name in the options means nothing, or when the program has a bug; a panic in one of its goroutines is the error
// [PanicError].
package check
