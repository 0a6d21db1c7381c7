"""What was placed and how it ended: documents that let no call be placed twice, and settling doubts."""
