"""Import of the national portal's procedure records: files or the portal itself, read by shape, merged by code."""
