"""When and how fast what is due may be deleted: off-peak, paced, and so much a day."""
