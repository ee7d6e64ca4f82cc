// A folder of PNG and JPEG images: one sub-folder per class.
#pragma once

#include <string>

#include "data/source.h"

namespace tinyformer {

/// Opens train/<class>/*.png|jpg|jpeg and test/<class>/... (test is optional).
///
/// Classes   the sub-folders of train, sorted by their names' bytes; those of test must be among
///           them. Names that start with a dot are not looked at
/// Images    sorted by name, decoded on all cores, resized to options.height x options.width
/// Damage    an unreadable image is left out, listed in ImageSource::unreadable and counted in a
///           warning; so are files that are neither .png, .jpg nor .jpeg (other case too)
/// Memory    decoded pixels are kept in the cache folder, named after all paths, sizes and times of
///           change, and mapped; while decoding, and when that folder cannot be written (a warning
///           says so), they are in RAM
/// Errors    data/missing, data/classes (fewer than two, or a class only in test),
///           data/empty-class (no readable image)
ImageSource OpenImageFolder(const std::string& folder, const DatasetOptions& options);

}  // namespace tinyformer
