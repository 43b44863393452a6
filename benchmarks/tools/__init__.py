"""The public counters, asked again: does each still print the total that the package rebuilds?"""
