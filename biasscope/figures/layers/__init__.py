"""Figures of question 3: at which layer does the representation stop moving with the picture, and which is to blame?"""
